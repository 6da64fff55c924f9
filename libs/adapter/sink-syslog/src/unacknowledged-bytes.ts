/**
 * How much of what was written to a TCP connection its peer has not acknowledged, from /proc/self/net/tcp.
 *
 * Syslog has no answers, and a write succeeds once the bytes are in this kernel's buffer, even when the peer is long
 * gone. The kernel shows the queue of each socket there (`tx_queue`, net/ipv4/tcp_ipv4.c get_tcp4_sock), and Node
 * offers neither TCP_USER_TIMEOUT nor SIOCOUTQ, which would ask for the same.
 */
import { readFile } from 'node:fs/promises';

export interface TcpEnds {
  readonly localPort: number;
  readonly remotePort: number;
  readonly isV6: boolean;
}

/** Undefined where the kernel does not tell. 0 also when the connection is no longer there. */
export async function unacknowledgedBytes(ends: TcpEnds): Promise<number | undefined> {
  try {
    return readQueue(await readFile(`/proc/self/net/tcp${ends.isV6 ? '6' : ''}`, 'latin1'), ends);
  } catch {
    return undefined;
  }
}

export function readQueue(table: string, ends: TcpEnds): number {
  const local = hexPort(ends.localPort);
  const remote = hexPort(ends.remotePort);
  // Columns: number, local address:port, remote address:port, state, tx_queue:rx_queue.
  const row = new RegExp(
    String.raw`^\s*\d+: [0-9A-F]+:${local} [0-9A-F]+:${remote} [0-9A-F]{2} ([0-9A-F]{8}):`,
    'gm',
  );
  let most = 0;
  for (const match of table.matchAll(row)) most = Math.max(most, Number.parseInt(match[1]!, 16));
  return most;
}

const hexPort = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
