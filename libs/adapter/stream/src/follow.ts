import type { ChannelCredentials } from '@grpc/grpc-js';
import { Backoff } from '@kubearmor-ts/flow';
import type { BackoffLimits } from '@kubearmor-ts/flow';
import type { Clock } from '@kubearmor-ts/life';
import { StreamError, toStreamError } from './errors.ts';
import { createLogClient } from './log-client.ts';
import type { FeedKind } from './log-feed.ts';
import { stepSession } from './session-machine.ts';
import type { SessionInput, SessionState } from './session-machine.ts';

export interface FollowOptions {
  readonly address: string;
  readonly credentials?: ChannelCredentials;
  /** The filter of each stream to open. */
  readonly filters: Readonly<Partial<Record<FeedKind, string>>>;
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  readonly backoff?: BackoffLimits;
  /** A HealthCheck goes out this often; one unanswered ends the connection. It finds peers that died without a word. */
  readonly livenessMs?: number;
  readonly onState?: (state: SessionState) => void;
  /** Every message as it came. A promise holds the stream back until it settles. */
  readonly onMessage: (kind: FeedKind, bytes: Buffer) => void | Promise<void>;
}

/** Follows a peer's streams through its restarts until the signal fires; then resolves with nothing left open. */
export async function followLogService(options: FollowOptions, signal: AbortSignal): Promise<void> {
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
    const cause = await runSession(options, signal, () => step({ kind: 'opened', nowMs: clock.nowMs() }));
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
  options: FollowOptions,
  signal: AbortSignal,
  onOpened: () => void,
): Promise<unknown> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const client = createLogClient({
    address: options.address,
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
  const parts: Promise<void>[] = [];
  try {
    // Streams first, HealthCheck after: what happens in between is not missed.
    for (const [kind, filter] of Object.entries(options.filters) as [FeedKind, string][]) {
      parts.push(readStream(client.watchRaw(kind, filter, either), kind, options));
    }
    const opened = client.healthCheck().then(onOpened);
    await Promise.race([opened, ...parts]);
    await Promise.race([...parts, opened.then(() => keepAlive(client.healthCheck, options, either))]);
    return new StreamError('KA_STREAM_ENDED', options.address, 'a stream ended');
  } catch (failure) {
    return failure;
  } finally {
    ending.abort();
    await Promise.allSettled(parts);
    client.close();
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

async function keepAlive(
  check: () => Promise<void>,
  options: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await options.clock.sleep(options.livenessMs ?? 30_000, signal);
    if (!signal.aborted) await check();
  }
}
