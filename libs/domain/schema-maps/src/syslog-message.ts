/**
 * RFC 5424 around a body.
 *
 *  1. Every header field holds printable ASCII only and keeps to the length the RFC gives it; unknown is `-`.
 *  2. Structured data: one element of a stable name; values escape `"`, `\` and `]`, control characters are shown.
 *  3. The body is one line already (`toBody`); nothing here adds a line break.
 */
import { isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { eventTimeText } from './event-time.ts';
import { isBlocked, severityOf } from './outcome.ts';
import { cutText, visibleText } from './safe-text.ts';

export const syslogFacilities = {
  kern: 0,
  user: 1,
  daemon: 3,
  auth: 4,
  syslog: 5,
  authpriv: 10,
  audit: 13,
  alert: 14,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;
export type SyslogFacility = keyof typeof syslogFacilities;

export interface SyslogHeader {
  readonly facility: SyslogFacility;
  readonly appName: string;
  /**
   * Private enterprise number in the name of the structured data, `kubearmor@<number>`. No number is assigned to this
   * product; 32473 is the one IANA keeps for examples, so it collides with no vendor.
   */
  readonly enterpriseNumber: number;
  /** A byte order mark before the body, as the RFC asks of UTF-8; many receivers keep it and then miss the `{`. */
  readonly hasBom: boolean;
}

export const exampleEnterpriseNumber = 32_473;

/** All before the body, ending in the blank that separates it. */
export function syslogHeader(event: Alert | Log, header: SyslogHeader): string {
  const priority = syslogFacilities[header.facility] * 8 + syslogSeverity(event);
  const fields = [
    `<${String(priority)}>1`,
    eventTimeText(event),
    headerField(event.HostName, 255),
    headerField(header.appName, 48),
    '-',
    headerField(event.Type, 32),
    structuredData(event, header.enterpriseNumber),
  ];
  return `${fields.join(' ')} ${header.hasBom ? '\ufeff' : ''}`;
}

const headerField = (text: string, max: number): string =>
  text.replace(/[^\x21-\x7e]+/g, '_').slice(0, max) || '-';

const parameterLongest = 256;

function structuredData(event: Alert | Log, enterpriseNumber: number): string {
  const alert = isAlert(event) ? event : undefined;
  const parameters: readonly (readonly [name: string, value: string])[] = [
    ['kind', alert === undefined ? 'log' : 'alert'],
    ['operation', event.Operation],
    ['action', alert?.Action ?? ''],
    ['policy', alert?.PolicyName ?? ''],
    ['severity', alert?.Severity ?? ''],
    ['result', event.Result],
    ['cluster', event.ClusterName],
    ['namespace', event.NamespaceName],
    ['pod', event.PodName],
    ['container', event.ContainerName],
  ];
  const shown = parameters
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ` ${name}="${parameterText(value)}"`);
  return `[kubearmor@${String(enterpriseNumber)}${shown.join('')}]`;
}

const parameterText = (value: string): string =>
  cutText(visibleText(value), parameterLongest).replace(/["\\\]]/g, (char) => `\\${char}`);

/** 2 critical … 6 informational: 0 and 1 would ring at every terminal of the receiver. */
export function syslogSeverity(event: Alert | Log): number {
  if (!isAlert(event)) return 6;
  const severity = severityOf(event);
  if (severity >= 9) return 2;
  if (severity >= 7) return 3;
  return severity >= 4 || isBlocked(event) ? 4 : 5;
}
