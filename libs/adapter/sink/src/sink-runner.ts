/**
 * Source → filter → redaction → batch → one receiver.
 *
 *  1. One batch is in flight. It is sent again until every record of it is delivered or rejected; only then the next
 *     batch is gathered. So order is kept, and a receiver that is away costs one batch of memory.
 *  2. The source is told only of what is dealt with, so a crash repeats records and never skips one.
 *  3. taken + notices = delivered + rejected + gaveUp + filtered + suppressed + pending, at every moment.
 *  4. Runners share nothing but the source's bytes: one that waits holds up no other.
 *  5. Stopping gives what is in hand one more try within the deadline. What is left stays in the source.
 */
import { setImmediate } from 'node:timers/promises';
import { Backoff } from '@kubearmor-ts/flow';
import type { BackoffLimits } from '@kubearmor-ts/flow';
import type { Clock, Service } from '@kubearmor-ts/life';
import type { DeadLetters } from './dead-letters.ts';
import { stepDelivery } from './delivery-state.ts';
import type { DeliveryInput, DeliveryState } from './delivery-state.ts';
import { createRecordFilter } from './record-filter.ts';
import type { FilterSpec } from './record-filter.ts';
import type { RecordSource } from './record-source.ts';
import { createRedaction } from './redact-record.ts';
import { settleDelivery } from './settle-delivery.ts';
import type { Delivery, Sink, SinkRecord } from './sink.ts';
import { cutNotice, suppressionNotice } from './notice.ts';

export interface SinkRunnerOptions {
  /** As the user named it: in metrics, messages, cursors. */
  readonly name: string;
  readonly sink: Sink;
  readonly source: RecordSource;
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  readonly filter?: FilterSpec;
  /** Fields that the sink must not see. */
  readonly redact?: readonly string[];
  /** Absent: what the receiver refuses is only counted. */
  readonly deadLetters?: DeadLetters;
  readonly backoff?: BackoffLimits;
  /** A receiver that names a later time is asked again after this. */
  readonly maxRetryAfterMs?: number;
  /** A batch is given up, to the dead letters, after failing for so long; 0 or absent: never. */
  readonly giveUpAfterMs?: number;
  readonly maxBatchBytes?: number;
  /** Stopping delivers what the source still has, as far as the deadline allows: for a source that forgets. */
  readonly drainsOnStop?: boolean;
  readonly stopDeadlineMs?: number;
  /** Suppressed records are summed up to the receiver at most this often. */
  readonly noticeEveryMs?: number;
  /** When deliveries begin to fail, and when they succeed again. */
  readonly onHealth?: (isHealthy: boolean, reason: string) => void;
}

export interface SinkCounts {
  /** Read from the source. */
  readonly taken: number;
  readonly delivered: number;
  /** Refused by the receiver for good; those it named went to the dead letters. */
  readonly rejected: number;
  /** Given up after `giveUpAfterMs`; they went to the dead letters. */
  readonly gaveUp: number;
  readonly filtered: number;
  readonly suppressed: number;
  /** In hand: gathered or being delivered. */
  readonly pending: number;
  /** Of suppressed and of lost records, added to the stream. */
  readonly notices: number;
  /** Lost before this sink read them: the journal had to cut them. */
  readonly cut: number;
  readonly retries: number;
  readonly deadLetters: number;
  readonly deadLettersLost: number;
}

export interface SinkRunner extends Service {
  readonly type: string;
  readonly target: string;
  readonly state: DeliveryState;
  /** False from a failed delivery to the next good one. */
  readonly isHealthy: boolean;
  /** Records that wait in the source. */
  readonly lag: number;
  /** When the last delivery was accepted, by the clock's `nowMs`. */
  readonly lastDeliveryMs: number | undefined;
  counts(): SinkCounts;
}

/** After so many records without a pause the event loop gets its turn: a source in memory never really waits. */
const recordsPerTurn = 2048;

export function createSinkRunner(options: SinkRunnerOptions): SinkRunner {
  const { sink, source, clock, deadLetters } = options;
  const { maxItems, maxDelayMs } = sink.limits;
  const backoff = new Backoff(options.backoff ?? { firstMs: 500, maxMs: 30_000 }, options.random);
  const isWanted = createRecordFilter(options.filter ?? {}, clock.nowMs());
  const redact = createRedaction(options.redact ?? []);
  const maxBatchBytes = options.maxBatchBytes ?? 4 << 20;
  const totals = {
    taken: 0,
    delivered: 0,
    rejected: 0,
    gaveUp: 0,
    filtered: 0,
    suppressed: 0,
    notices: 0,
    cut: 0,
    retries: 0,
  };
  /** No more pauses: what is in hand gets one more try. */
  const stopping = new AbortController();
  /** The deadline has passed. */
  const giveUp = new AbortController();
  let state: DeliveryState = { kind: 'idle' };
  let pending: readonly SinkRecord[] = [];
  let isHealthy = true;
  let lastDeliveryMs: number | undefined;
  let lastSentMs = -Infinity;
  let running: Promise<void> = Promise.resolve();
  let sinceTurn = 0;
  let unsaid = 0;
  let lastNoticeMs = clock.nowMs();

  const step = (input: DeliveryInput): void => {
    state = stepDelivery(state, input);
  };
  const report = (healthy: boolean, reason: string): void => {
    if (healthy === isHealthy) return;
    isHealthy = healthy;
    options.onHealth?.(healthy, reason);
  };

  /** The next batch, in `pending`, and the place behind it. Empty only when stopping, or when all were filtered. */
  async function gather(): Promise<number> {
    const batch: SinkRecord[] = [];
    pending = batch;
    let position = 0;
    let bytes = 0;
    let dueMs = Infinity;
    const isFull = (): boolean => batch.length >= maxItems || bytes >= maxBatchBytes;
    while (!isFull()) {
      const read = await source.read(maxItems - batch.length, maxBatchBytes - bytes);
      position = read.position;
      if (read.cut > 0) tellCut(read.cut, batch);
      totals.taken += read.records.length;
      const nowMs = clock.nowMs();
      for (const record of read.records) keep(record, nowMs, batch);
      bytes += batch.length === 0 ? 0 : read.bytes;
      // After a pause at once; else not sooner than `maxDelayMs` after the batch before.
      if (batch.length > 0) dueMs = Math.max(nowMs, lastSentMs + maxDelayMs);
      if (read.records.length > 0) await takeTurn(read.records.length);
      if (!isFull() && (read.records.length === 0 || source.lag === 0)) {
        if (batch.length === 0) source.commit(position);
        if (stopping.signal.aborted || clock.nowMs() >= dueMs) break;
        await more(dueMs - clock.nowMs());
      }
      if (giveUp.signal.aborted || (stopping.signal.aborted && options.drainsOnStop !== true)) break;
    }
    addNotice(batch);
    return position;
  }

  function keep(record: SinkRecord, nowMs: number, batch: SinkRecord[]): void {
    const verdict = isWanted(record, nowMs);
    if (verdict === 'pass') batch.push(redact(record));
    else totals[verdict] += 1;
    if (verdict === 'suppressed') unsaid += 1;
  }

  /** In the place of what is missing. */
  function tellCut(count: number, batch: SinkRecord[]): void {
    batch.push(cutNotice(count, clock.wallNs()));
    totals.cut += count;
    totals.notices += 1;
  }

  function addNotice(batch: SinkRecord[]): void {
    const nowMs = clock.nowMs();
    if (unsaid === 0 || nowMs - lastNoticeMs < (options.noticeEveryMs ?? 10_000)) return;
    batch.push(suppressionNotice(unsaid, options.filter?.rate?.perSecond ?? 0, clock.wallNs()));
    totals.notices += 1;
    unsaid = 0;
    lastNoticeMs = nowMs;
  }

  /** Until there is more to read; at most `ms` when the batch has begun. */
  async function more(ms: number): Promise<void> {
    const done = new AbortController();
    const either = AbortSignal.any([stopping.signal, done.signal]);
    const waits = [source.waitForMore(either)];
    if (Number.isFinite(ms)) waits.push(clock.sleep(ms, either));
    await Promise.race(waits);
    done.abort();
  }

  async function takeTurn(records: number): Promise<void> {
    sinceTurn += records;
    if (sinceTurn < recordsPerTurn) return;
    sinceTurn = 0;
    await setImmediate();
  }

  /** Until nothing of `pending` is left, or the runner has to stop. */
  async function deliver(): Promise<void> {
    const bornMs = clock.nowMs();
    lastSentMs = bornMs;
    step({ kind: 'batch' });
    for (;;) {
      const delivery = await attempt(pending);
      const settled = settleDelivery(pending, delivery);
      totals.delivered += settled.delivered;
      totals.rejected += settled.rejected.length + settled.unnamed;
      pending = settled.left;
      if (settled.rejected.length > 0) await deadLetters?.add(settled.rejected);
      if (settled.delivered > 0 || delivery.kind === 'delivered') {
        lastDeliveryMs = clock.nowMs();
        backoff.reset();
      }
      if (delivery.kind === 'delivered' || settled.delivered > 0) report(true, '');
      else report(false, delivery.reason);
      if (delivery.kind !== 'retry' || pending.length === 0) break;
      if (stopping.signal.aborted) return;
      if (isTooOld(bornMs)) {
        await abandon(delivery.reason);
        break;
      }
      const pauseMs = Math.max(backoff.nextMs(), asPause(delivery.afterMs));
      step({ kind: 'failed', reason: delivery.reason, pauseMs });
      totals.retries += 1;
      await clock.sleep(pauseMs, stopping.signal);
      step({ kind: 'slept' });
    }
    step({ kind: 'done' });
  }

  async function attempt(batch: readonly SinkRecord[]): Promise<Delivery> {
    try {
      return await sink.deliver(batch, giveUp.signal);
    } catch (cause) {
      // The contract forbids it; a sink that breaks it costs a pause, not the relay.
      return { kind: 'retry', reason: cause instanceof Error ? cause.message : String(cause) };
    }
  }

  function isTooOld(bornMs: number): boolean {
    const limitMs = options.giveUpAfterMs ?? 0;
    return limitMs > 0 && clock.nowMs() - bornMs >= limitMs;
  }

  async function abandon(reason: string): Promise<void> {
    const letters = pending.map((record) => ({ record, reason: `given up: ${reason}` }));
    totals.gaveUp += pending.length;
    pending = [];
    await deadLetters?.add(letters);
  }

  /** What a receiver says is not ours to trust: not a number, less than nothing and a year all become sane. */
  function asPause(afterMs: number | undefined): number {
    if (afterMs === undefined || Number.isNaN(afterMs)) return 0;
    return Math.min(Math.max(0, afterMs), options.maxRetryAfterMs ?? 600_000);
  }

  async function run(): Promise<void> {
    while (!giveUp.signal.aborted) {
      const position = await gather();
      if (pending.length > 0) await deliver();
      if (pending.length > 0) break;
      source.commit(position);
      if (stopping.signal.aborted && (options.drainsOnStop !== true || source.lag === 0)) break;
    }
    step({ kind: 'stop' });
  }

  return {
    name: `sink ${options.name}`,
    type: sink.type,
    target: sink.target,
    get state() {
      return state;
    },
    get isHealthy() {
      return isHealthy;
    },
    get lag() {
      return source.lag;
    },
    get lastDeliveryMs() {
      return lastDeliveryMs;
    },
    counts: () => ({
      ...totals,
      pending: pending.length,
      deadLetters: deadLetters?.counts().written ?? 0,
      deadLettersLost: deadLetters?.counts().lost ?? 0,
    }),
    start: () => {
      running = run();
      return Promise.resolve();
    },
    stop: async () => {
      stopping.abort();
      const done = new AbortController();
      const deadline = clock
        .sleep(options.stopDeadlineMs ?? 5000, done.signal)
        .then(() => (done.signal.aborted ? undefined : giveUp.abort()));
      await running;
      done.abort();
      await deadline;
      await source.close();
      await sink.close();
    },
  };
}
