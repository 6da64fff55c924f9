/**
 * One TCP or TLS connection to a receiver, made when there is something to send.
 *
 *  1. `send` ends within its time limit; it succeeds only when the receiver's kernel has acknowledged every byte.
 *  2. After any failure the connection is gone, and the next `send` makes a new one: a message is never continued.
 *  3. What the receiver says is read and thrown away.
 *  4. TLS files are read for every connection, so they may be renewed in place.
 *
 *   none ──connect──► open ──failure, end, close──► none
 */
import { isIP, connect as tcpConnect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@kubearmor-ts/life';
import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { readTlsMaterial } from '@kubearmor-ts/sink-net';
import { abortReason, startDeadline } from './deadline.ts';
import type { SyslogConfig } from './syslog-config.ts';
import { unacknowledgedBytes } from './unacknowledged-bytes.ts';

export interface StreamChannel {
  readonly connections: number;
  /** Why it failed; nothing is known then of how much arrived. */
  send(bytes: string, signal: AbortSignal): Promise<Result<undefined, string>>;
  close(): void;
}

/** A server may refuse the client's certificate after TLS 1.3 calls the connection secure; it says so within this. */
const verdictMs = 300;
const firstLookMs = 1;
const longestLookMs = 50;

export function createStreamChannel(config: SyslogConfig, clock: Clock): StreamChannel {
  let socket: Socket | undefined;
  let connections = 0;

  const drop = (): void => {
    socket?.destroy();
    socket = undefined;
  };

  async function open(signal: AbortSignal): Promise<Socket> {
    if (socket !== undefined && !socket.destroyed && socket.writable && !socket.readableEnded) return socket;
    drop();
    const fresh = config.address.transport === 'tls' ? connectTls(config) : connectTcp(config);
    socket = fresh;
    fresh.setKeepAlive(true, config.keepAliveMs);
    fresh.setNoDelay(true);
    fresh.resume();
    // Without it a failure between two batches would end the process; the next batch sees the socket destroyed.
    fresh.on('error', () => undefined);
    await eventOf(fresh, 'encrypted' in fresh ? 'secureConnect' : 'connect', signal);
    if (isTls(fresh)) await serverVerdict(fresh, clock, signal);
    connections += 1;
    return fresh;
  }

  return {
    get connections() {
      return connections;
    },
    send: async (bytes, signal) => {
      const deadline = startDeadline(clock, config.timeoutMs, signal);
      try {
        const connected = await open(deadline.signal);
        await write(connected, bytes, deadline.signal);
        await acknowledged(connected, clock, deadline.signal);
        return ok(undefined);
      } catch (cause) {
        drop();
        return fail(cause instanceof Error ? cause.message : String(cause));
      } finally {
        deadline.end();
      }
    },
    close: () => {
      // TLS wants to be told of the end; what was delivered is acknowledged already.
      const last = socket;
      last?.end(() => last.destroy());
      socket = undefined;
    },
  };
}

function connectTcp({ address }: SyslogConfig): Socket {
  return tcpConnect({ host: address.host, port: address.port });
}

function connectTls({ address, tls }: SyslogConfig): TLSSocket {
  const { servername, ...material } = readTlsMaterial(tls);
  const name = servername ?? (isIP(address.host) === 0 ? address.host : undefined);
  return tlsConnect({
    host: address.host,
    port: address.port,
    ...material,
    ...(name === undefined ? {} : { servername: name }),
  });
}

const isTls = (socket: Socket): socket is TLSSocket => 'encrypted' in socket;

/** Resolves on the event, rejects with the reason when the connection ends or the signal fires before. */
function eventOf(
  socket: Socket,
  event: 'connect' | 'secureConnect' | 'drain',
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      socket.off(event, onEvent).off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    const onEvent = (): void => finish(resolve);
    const onError = (failure: Error): void => finish(() => reject(failure));
    const onClose = (): void => finish(() => reject(new Error('the receiver closed the connection')));
    const onAbort = (): void => finish(() => reject(abortReason(signal)));
    socket.on(event, onEvent).on('error', onError).on('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

/** A session ticket is sent after the server has looked at the client; where none comes, its refusal would have. */
async function serverVerdict(socket: TLSSocket, clock: Clock, signal: AbortSignal): Promise<void> {
  if (socket.getProtocol() !== 'TLSv1.3') return;
  const over = new AbortController();
  let failure: Error | undefined;
  const end = (): void => over.abort();
  const onError = (cause: Error): void => {
    failure = cause;
    end();
  };
  socket.once('session', end).once('error', onError).once('close', end);
  await clock.sleep(verdictMs, AbortSignal.any([over.signal, signal]));
  socket.off('session', end).off('error', onError).off('close', end);
  if (failure !== undefined) throw failure;
  if (socket.destroyed) throw new Error('the receiver closed the connection after the handshake');
}

/** Done when this kernel has the bytes. */
function write(socket: Socket, bytes: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    socket.write(bytes, 'utf8', (failure) => {
      signal.removeEventListener('abort', onAbort);
      if (failure === undefined || failure === null) resolve();
      else reject(failure);
    });
  });
}

/** Done when the other kernel has them too. Where ours does not tell, having written is all that can be known. */
async function acknowledged(socket: Socket, clock: Clock, signal: AbortSignal): Promise<void> {
  const ends = {
    localPort: socket.localPort ?? 0,
    remotePort: socket.remotePort ?? 0,
    isV6: socket.remoteFamily === 'IPv6',
  };
  for (let lookMs = firstLookMs; ; lookMs = Math.min(longestLookMs, lookMs * 2)) {
    const queued = await unacknowledgedBytes(ends);
    if (socket.destroyed || socket.errored !== null)
      throw socket.errored ?? new Error('the connection was lost');
    if (queued === undefined || queued === 0) return;
    if (signal.aborted)
      throw new Error(`${String(queued)} bytes were not acknowledged in time: the receiver is gone or stuck`);
    await clock.sleep(lookMs, signal);
  }
}
