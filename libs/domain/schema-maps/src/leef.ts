/**
 * Alert and Log → Log Event Extended Format 2.0, attributes separated by tabs.
 *
 *  1. The format has no escapes. A control character, the tab among them, is shown as `\x09`, so a value can neither
 *     end itself nor begin another attribute.
 *  2. The header holds only words of ours and a version cut down to letters, digits, dots and dashes.
 *  3. The first `=` of an attribute ends its key; keys are ours, so a `=` or a bar in a value is only a character.
 */
import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { eventTimeMs } from './event-time.ts';
import { networkFacts } from './network-facts.ts';
import { commandLineOf, hasPassed, severityOf, summaryOf } from './outcome.ts';
import { product } from './product.ts';
import { cutText, visibleText } from './safe-text.ts';

const longest = 4096;

type Pair = readonly [key: string, value: string | number];

export function toLeef(event: Alert | Log, id: string): string {
  const alert = isAlert(event) ? event : undefined;
  const header = [
    product.vendor,
    product.name,
    headerWord(alert?.KubeArmorVersion ?? ''),
    headerWord([event.Operation, alert?.Action].filter(Boolean).join('.')),
    '0x09',
  ];
  const attributes = pairs(event, alert, id)
    .filter(([, value]) => value !== '' && value !== 0)
    .map(([key, value]) => `${key}=${cutText(visibleText(String(value)), longest)}`);
  return `LEEF:2.0|${header.join('|')}|${attributes.join('\t')}`;
}

const headerWord = (text: string): string =>
  text
    .replace(/[^A-Za-z0-9.-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 128) || 'unknown';

function pairs(event: Alert | Log, alert: Alert | undefined, id: string): readonly Pair[] {
  const facts = networkFacts(event);
  const hasProcess = event.Type !== 'SystemEvent';
  return [
    // Milliseconds since 1970 need no devTimeFormat.
    ['devTime', eventTimeMs(event)],
    ['cat', event.Type],
    // 1…10: the scale has no zero.
    ['sev', Math.max(1, severityOf(event))],
    ['identHostName', event.HostName],
    ['usrName', event.UserName],
    ['src', facts?.sourceAddress ?? ''],
    ['srcPort', facts?.sourcePort ?? 0],
    ['dst', facts?.peerAddress ?? ''],
    ['dstPort', facts?.peerPort ?? 0],
    ['proto', facts?.protocol.toUpperCase() ?? ''],
    ['resource', event.Resource],
    ['policy', alert?.PolicyName ?? ''],
    ['action', alert?.Action ?? ''],
    ['enforcer', alert?.Enforcer ?? ''],
    ['outcome', hasPassed(event) ? 'success' : 'failure'],
    ['result', event.Result],
    ['msg', alert?.Message || summaryOf(event)],
    ['operation', event.Operation],
    ['process', event.ProcessName],
    ['parentProcess', event.ParentProcessName],
    ['commandLine', commandLineOf(event)],
    ['pid', event.HostPID],
    ['parentPid', event.HostPPID],
    ['uid', hasProcess ? String(event.UID) : ''],
    ['dnsName', facts?.dnsName ?? ''],
    ['cluster', event.ClusterName],
    ['namespace', event.NamespaceName],
    ['pod', event.PodName],
    ['container', event.ContainerName],
    ['containerId', event.ContainerID],
    ['image', event.ContainerImage],
    ['labels', event.Labels],
    ['tags', alert?.Tags ?? ''],
    ['data', event.Data],
    ['nodeId', event.NodeID],
    ['eventId', id],
  ];
}
