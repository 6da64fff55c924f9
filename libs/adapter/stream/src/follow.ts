import type { ChannelCredentials } from '@grpc/grpc-js';
import { Backoff } from '@kubearmor-ts/flow';
import type { BackoffLimits, Gate } from '@kubearmor-ts/flow';
import type { Clock } from '@kubearmor-ts/life';
import { StreamError, toStreamError } from './errors.ts';
import type { EventStreamHandlers } from './event-stream-call.ts';
import { createLogClient } from './log-client.ts';
import type { LogClient } from './log-client.ts';
import type { FeedKind } from './log-feed.ts';
import { stepSession } from './session-machine.ts';
import type { SessionInput, SessionState } from './session-machine.ts';

/** How a peer is followed, whatever it streams. */
export interface SessionOptions {
  readonly address: string;
  readonly credentials?: ChannelCredentials;
  /** What the peer may send ahead of what was read here. */
  readonly windowBytes?: number;
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  readonly backoff?: BackoffLimits;
  /** A HealthCheck goes out this often; one unanswered ends the connection. It finds peers that died without a word. */
  readonly livenessMs?: number;
  readonly onState?: (state: SessionState) => void;
  /** Shared by all that are followed: hundreds of peers that come back together are not all dialled at once. */
  readonly dialling?: Gate;
}

export interface FollowOptions extends SessionOptions {
  /** The filter of each stream to open. */
  readonly filters: Readonly<Partial<Record<FeedKind, string>>>;
  /** Every message as it came. A promise holds the stream back until it settles. */
  readonly onMessage: (kind: FeedKind, bytes: Buffer) => void | Promise<void>;
}

export interface FollowAgentOptions extends FollowOptions {
  /** Used with agents that serve batches; the others are followed by `filters`. */
  readonly events: EventStreamHandlers;
  /** Which of the two it is, once it is known of a connection. */
  readonly onProtocol?: (protocol: 'batches' | 'messages') => void;
}

/** Reads from an open connection until it ends. `onOpened` when the peer has shown that it serves. */
type ReadSession = (client: LogClient, onOpened: () => void, signal: AbortSignal) => Promise<void>;

/** Follows a peer's streams through its restarts until the signal fires; then resolves with nothing left open. */
export function followLogService(options: FollowOptions, signal: AbortSignal): Promise<void> {
  return followSessions(
    options,
    (client, onOpened, ending) => readLogs(client, options, onOpened, ending),
    signal,
  );
}

/** The same with an agent that may serve numbered batches: those are preferred, from the place where they were left. */
export function followAgent(options: FollowAgentOptions, signal: AbortSignal): Promise<void> {
  const read: ReadSession = async (client, onOpened, ending) => {
    const opened = (): void => {
      options.onProtocol?.('batches');
      onOpened();
    };
    const own = new AbortController();
    const either = AbortSignal.any([ending, own.signal]);
    const parts = [
      client.streamEvents(options.events, options.clock, opened, either),
      client.healthCheck().then(() => keepAlive(client.healthCheck, options, either)),
    ];
    let isServed: boolean;
    try {
      isServed = await Promise.race(parts);
    } finally {
      own.abort();
      await Promise.allSettled(parts);
    }
    if (isServed) return;
    options.onProtocol?.('messages');
    await readLogs(client, options, onOpened, ending);
  };
  return followSessions(options, read, signal);
}

async function followSessions(
  options: SessionOptions,
  read: ReadSession,
  signal: AbortSignal,
): Promise<void> {
  const { clock, address } = options;
  const backoff = new Backoff(options.backoff ?? { firstMs: 500, maxMs: 30_000 }, options.random);
  let state: SessionState = { kind: 'idle' };

  const step = (input: SessionInput): number | undefined => {
    const before = state;
    const [after, effects] = stepSession(state, input);
    state = after;
    if (after !== before) options.onState?.(after);
    for (const effect of effects) {
      if (effect.kind !== 'pause') continue;
      if (effect.failures === 1) backoff.reset();
      return backoff.nextMs();
    }
    return undefined;
  };

  step({ kind: 'start' });
  while (!signal.aborted) {
    const leave = await options.dialling?.enter();
    if (signal.aborted) {
      leave?.();
      break;
    }
    const onOpened = (): void => {
      leave?.();
      step({ kind: 'opened', nowMs: clock.nowMs() });
    };
    const cause = await runSession(options, read, onOpened, signal);
    leave?.();
    if (signal.aborted) break;
    const pauseMs = step({
      kind: 'failed',
      nowMs: clock.nowMs(),
      cause: toStreamError(address, cause).message,
    });
    await clock.sleep(pauseMs ?? 0, signal);
    step({ kind: 'slept' });
  }
  step({ kind: 'stop' });
}

/** One connection from start to end; resolves with the reason of its end. */
async function runSession(
  options: SessionOptions,
  read: ReadSession,
  onOpened: () => void,
  signal: AbortSignal,
): Promise<unknown> {
  const ending = new AbortController();
  const client = createLogClient({
    address: options.address,
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    ...(options.windowBytes === undefined ? {} : { windowBytes: options.windowBytes }),
  });
  try {
    await read(client, onOpened, AbortSignal.any([signal, ending.signal]));
    return new StreamError('KA_STREAM_ENDED', options.address, 'a stream ended');
  } catch (failure) {
    return failure;
  } finally {
    ending.abort();
    client.close();
  }
}

async function readLogs(
  client: LogClient,
  options: FollowOptions,
  onOpened: () => void,
  signal: AbortSignal,
): Promise<void> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const parts: Promise<void>[] = [];
  try {
    // Streams first, HealthCheck after: what happens in between is not missed.
    for (const [kind, filter] of Object.entries(options.filters) as [FeedKind, string][]) {
      parts.push(readStream(client.watchRaw(kind, filter, either), kind, options));
    }
    const opened = client.healthCheck().then(onOpened);
    await Promise.race([opened, ...parts]);
    await Promise.race([...parts, opened.then(() => keepAlive(client.healthCheck, options, either))]);
  } finally {
    ending.abort();
    await Promise.allSettled(parts);
  }
}

async function readStream(
  stream: AsyncIterable<Buffer>,
  kind: FeedKind,
  options: FollowOptions,
): Promise<void> {
  for await (const bytes of stream) {
    const held = options.onMessage(kind, bytes);
    if (held !== undefined) await held;
  }
}

/** Rejects when the peer is silent; resolves with true when the signal fires. */
async function keepAlive(
  check: () => Promise<void>,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    await options.clock.sleep(options.livenessMs ?? 30_000, signal);
    if (!signal.aborted) await check();
  }
  return true;
}
