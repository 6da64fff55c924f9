import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';

export interface SyslogAddress {
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
}

const usualPorts = { udp: 514, tcp: 601, tls: 6514 } as const;

/** `tcp://host:601`, with `udp`, `tcp` or `tls`; the port may be left out. The error says what it must be. */
export function parseSyslogAddress(text: string): Result<SyslogAddress, string> {
  const match = /^(udp|tcp|tls):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?\/?$/.exec(text);
  if (match === null) return fail('must be udp://host:port, tcp://host:port or tls://host:port');
  const transport = match[1] as SyslogAddress['transport'];
  const port = match[4] === undefined ? usualPorts[transport] : Number(match[4]);
  if (port < 1 || port > 65_535) return fail('must have a port from 1 to 65535');
  return ok({ transport, host: match[2] ?? match[3]!, port });
}

export function showSyslogAddress({ transport, host, port }: SyslogAddress): string {
  return `${transport}://${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}
