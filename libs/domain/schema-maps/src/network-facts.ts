import type { Alert, Log } from '@kubearmor-ts/proto';

/** What an event says of a connection; empty or 0 is unknown. */
export interface NetworkFacts {
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  /** As the event has it, in lower case. */
  readonly protocol: string;
  /** The name asked for, of DNS events. */
  readonly dnsName: string;
}

/** Absent for events that are about no connection. */
export function networkFacts(event: Alert | Log): NetworkFacts | undefined {
  const data = event.EventData;
  if (event.Operation === 'NetworkFirewall') {
    return {
      sourceAddress: ipAddress(data['SourceIP']),
      sourcePort: portOf(data['SourcePort']),
      peerAddress: ipAddress(data['DestinationIP']),
      peerPort: portOf(data['DestinationPort']),
      protocol: (data['Protocol'] ?? '').toLowerCase(),
      dnsName: '',
    };
  }
  if (event.Operation !== 'Network') return undefined;
  const isDns =
    data['Qtype'] !== undefined || data['Lsm'] === 'SOCKET_SENDMSG' || data['Kfunc'] !== undefined;
  return {
    sourceAddress: '',
    sourcePort: 0,
    peerAddress: ipAddress(data['Remoteip'] ?? data['Sin_addr']),
    peerPort: portOf(data['Port'] ?? data['Sin_port']),
    protocol: (data['Protocol'] ?? '').toLowerCase(),
    dnsName: isDns ? (data['Domain'] ?? '') : '',
  };
}

const portOf = (text: string | undefined): number => {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0;
};

/** Receivers refuse a whole record for an address field that holds none; the text itself stays in `Data`. */
function ipAddress(text: string | undefined): string {
  if (text === undefined) return '';
  const isV4 = /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);
  return isV4 || isV6(text) ? text : '';
}

function isV6(text: string): boolean {
  const groups = text.split(':');
  const gaps = text.split('::').length - 1;
  const isFull = gaps === 0 ? groups.length === 8 : gaps === 1 && groups.length <= 8;
  const hasLooseEnd = /^:[^:]|[^:]:$/.test(text);
  return (
    groups.length >= 3 && isFull && !hasLooseEnd && groups.every((group) => /^[0-9A-Fa-f]{0,4}$/.test(group))
  );
}
