/**
 * Datagrams to one receiver. UDP knows no delivery: what left this machine counts as delivered. A receiver that is
 * not there makes its host answer, and the kernel then fails the next datagram of the connected socket.
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Clock } from '@kubearmor-ts/life';
import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { abortReason, startDeadline } from './deadline.ts';
import type { SyslogConfig } from './syslog-config.ts';

export interface DatagramChannel {
  /** The datagrams in order; how many of them left, and why no more did. */
  send(datagrams: readonly Buffer[], signal: AbortSignal): Promise<Result<undefined, DatagramFailure>>;
  close(): void;
}

export interface DatagramFailure {
  readonly sent: number;
  /** The datagram at `sent` is longer than the way to the receiver carries. */
  readonly isTooLong: boolean;
  readonly reason: string;
}

export function createDatagramChannel(config: SyslogConfig, clock: Clock): DatagramChannel {
  const { address } = config;
  let socket: Socket | undefined;

  const drop = (): void => {
    socket?.close();
    socket = undefined;
  };

  async function open(signal: AbortSignal): Promise<Socket> {
    if (socket !== undefined) return socket;
    const found = await orAborted(lookup(address.host), signal);
    const fresh = createSocket(found.family === 6 ? 'udp6' : 'udp4');
    // An answer of the receiver's host may come between two batches; the next datagram tells of it.
    fresh.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      fresh.connect(address.port, found.address, (failure?: Error) =>
        failure === undefined ? resolve() : reject(failure),
      );
    });
    socket = fresh;
    return fresh;
  }

  return {
    send: async (datagrams, signal) => {
      let sent = 0;
      const deadline = startDeadline(clock, config.timeoutMs, signal);
      try {
        const connected = await open(deadline.signal);
        for (const datagram of datagrams) {
          deadline.signal.throwIfAborted();
          await sendOne(connected, datagram);
          sent += 1;
        }
        return ok(undefined);
      } catch (cause) {
        const isTooLong = (cause as NodeJS.ErrnoException).code === 'EMSGSIZE';
        if (!isTooLong) drop();
        return fail({ sent, isTooLong, reason: cause instanceof Error ? cause.message : String(cause) });
      } finally {
        deadline.end();
      }
    },
    close: drop,
  };
}

const sendOne = (socket: Socket, datagram: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(datagram, (failure) => (failure === null ? resolve() : reject(failure)));
  });

/** A name server that does not answer would hold a batch for longer than its time. */
const orAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
