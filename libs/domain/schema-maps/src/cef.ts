/**
 * Alert and Log → ArcSight Common Event Format, version 0.
 *
 *  1. The header has exactly seven bars; `\` and `|` in it are escaped.
 *  2. In the extension `\`, `=` and line breaks are escaped; any other control character is shown as `\x1b`.
 *  3. A key is there only when its value is known; a value longer than the dictionary allows is cut with a mark.
 */
import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { eventTimeMs } from './event-time.ts';
import { networkFacts } from './network-facts.ts';
import { commandLineOf, hasPassed, severityOf, summaryOf } from './outcome.ts';
import { baseName } from './path-name.ts';
import { product } from './product.ts';
import { cutText, visibleText } from './safe-text.ts';

/** Lengths of the dictionary; keys that are not in it may have 1023. */
const longest: Readonly<Record<string, number>> = {
  act: 63,
  outcome: 63,
  proto: 31,
  externalId: 40,
  dvchost: 100,
  deviceExternalId: 255,
  fileHash: 255,
  cs1: 4000,
  cs2: 4000,
  cs3: 4000,
  cs4: 4000,
  cs5: 4000,
  cs6: 4000,
};
const otherLongest = 1023;
const headerLongest = 512;

type Pair = readonly [key: string, value: string | number];

export function toCef(event: Alert | Log, id: string): string {
  const alert = isAlert(event) ? event : undefined;
  const header = [
    product.vendor,
    product.name,
    alert?.KubeArmorVersion || 'unknown',
    alert?.PolicyName || event.Type,
    [event.Operation, alert?.Action].filter(Boolean).join(' '),
    String(severityOf(event)),
  ];
  return `CEF:0|${header.map(headerText).join('|')}|${extension(event, id)}`;
}

const headerText = (text: string): string =>
  cutText(visibleText(text), headerLongest).replace(/[\\|]/g, (char) => `\\${char}`);

function extension(event: Alert | Log, id: string): string {
  return pairs(event, id)
    .filter(([, value]) => value !== '' && value !== 0)
    .map(([key, value]) => `${key}=${valueText(String(value), longest[key] ?? otherLongest)}`)
    .join(' ');
}

const valueEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '=': '\\=',
  '\n': '\\n',
  '\r': '\\r',
};

/** Line breaks have an escape of their own here, so they are kept apart from the characters that only are shown. */
function valueText(text: string, max: number): string {
  return cutText(
    text
      .split(/([\n\r])/)
      .map(shownUnlessBreak)
      .join(''),
    max,
  ).replace(/[\\=\n\r]/g, (char) => valueEscapes[char]!);
}

const shownUnlessBreak = (part: string): string =>
  part === '\n' || part === '\r' ? part : visibleText(part);

function pairs(event: Alert | Log, id: string): readonly Pair[] {
  const alert = isAlert(event) ? event : undefined;
  const owner = event.Owner === undefined ? '' : `${event.Owner.Ref}/${event.Owner.Name}`;
  return [
    ['rt', eventTimeMs(event)],
    ['externalId', id],
    ['cat', event.Type],
    ['act', alert?.Action ?? ''],
    ['outcome', hasPassed(event) ? 'success' : 'failure'],
    ['reason', hasPassed(event) ? '' : event.Result],
    ['msg', alert?.Message || summaryOf(event)],
    ['dvchost', event.HostName],
    ['deviceExternalId', event.NodeID],
    ['deviceProcessName', alert?.Enforcer ?? ''],
    ...processPairs(event),
    ...(event.Operation === 'File'
      ? ([
          ['filePath', event.Resource],
          ['fname', baseName(event.Resource)],
          ['fileHash', event.ResourceHash],
        ] as const)
      : []),
    ...networkPairs(event),
    ...labelled('cs1', 'Policy', alert?.PolicyName ?? ''),
    ...labelled('cs2', 'Namespace', event.NamespaceName),
    ...labelled('cs3', 'Pod', event.PodName),
    ...labelled('cs4', 'Container', event.ContainerName),
    ...labelled('cs5', 'Image', event.ContainerImage),
    ...labelled('cs6', 'Command Line', commandLineOf(event)),
    ...labelled('flexString1', 'Tags', alert?.Tags ?? ''),
    ...labelled('flexString2', 'Data', event.Data),
    ['kaCluster', event.ClusterName],
    ['kaOwner', owner],
    ['kaLabels', event.Labels],
    ['kaContainerId', event.ContainerID],
    ['kaOperation', event.Operation],
    ['kaResource', event.Resource],
  ];
}

/** An exec is told from the new program's side: the caller is the source process. */
function processPairs(event: Alert | Log): readonly Pair[] {
  if (event.Type === 'SystemEvent') return [];
  const user: readonly Pair[] = [
    ['suid', String(event.UID)],
    ['suser', event.UserName],
  ];
  if (event.Operation !== 'Process') return [['sproc', event.ProcessName], ['spid', event.HostPID], ...user];
  return [
    ['sproc', event.ParentProcessName],
    ['spid', event.HostPPID],
    ['dproc', event.ProcessName],
    ['dpid', event.HostPID],
    ...user,
  ];
}

/** `src` and `dst` hold IPv4 only; the sixth version has its own pair of keys. */
function networkPairs(event: Alert | Log): readonly Pair[] {
  const facts = networkFacts(event);
  if (facts === undefined) return [];
  return [
    ...addressPairs('src', 'c6a2', 'Source IPv6 Address', facts.sourceAddress),
    ['spt', facts.sourcePort],
    ...addressPairs('dst', 'c6a3', 'Destination IPv6 Address', facts.peerAddress),
    ['dpt', facts.peerPort],
    ['dhost', facts.dnsName],
    ['proto', facts.protocol.toUpperCase()],
  ];
}

const addressPairs = (v4: string, v6: string, label: string, address: string): readonly Pair[] =>
  address.includes(':') ? labelled(v6, label, address) : [[v4, address]];

const labelled = (key: string, label: string, value: string): readonly Pair[] =>
  value === ''
    ? []
    : [
        [`${key}Label`, label],
        [key, value],
      ];
