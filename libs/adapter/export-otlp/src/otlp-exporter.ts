/**
 * Events → bounded queue → batches → one receiver.
 *
 *  1. `push` never waits: a full queue drops its oldest event, counted.
 *  2. One batch is in flight; it is sent again until it is delivered, refused, or too old. Order is kept.
 *  3. pushed = exported + rejected + refused + expired + dropped + queued + in flight, at every moment.
 *  4. Stopping sends what is queued once more, within a deadline; what is left is counted as dropped.
 */
import { Backoff, BoundedQueue, batches } from '@kubearmor-ts/flow';
import type { BackoffLimits } from '@kubearmor-ts/flow';
import type { Clock, Service } from '@kubearmor-ts/life';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { toOtelRecord } from '@kubearmor-ts/schema-maps';
import type { OtlpTransport } from './delivery.ts';
import { encodeBatch } from './encode-batch.ts';

export interface OtlpExporterOptions {
  readonly transport: OtlpTransport;
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  readonly queueCapacity?: number;
  readonly batchSize?: number;
  readonly batchDelayMs?: number;
  readonly backoff?: BackoffLimits;
  /** A batch that could not be delivered for so long is given up. */
  readonly maxAgeMs?: number;
  readonly stopDeadlineMs?: number;
  /** Called when deliveries begin to fail, and when they succeed again. */
  readonly onState?: (isHealthy: boolean, reason: string) => void;
}

export interface OtlpCounts {
  readonly pushed: number;
  readonly queued: number;
  /** Accepted by the receiver. */
  readonly exported: number;
  /** Refused by the receiver inside an accepted batch. */
  readonly rejected: number;
  /** In batches the receiver refused for good, or that could not be encoded. */
  readonly refused: number;
  /** In batches given up after `maxAgeMs`. */
  readonly expired: number;
  /** Pushed out of the full queue, or left over at the stop. */
  readonly dropped: number;
  readonly retries: number;
}

export interface OtlpExporter extends Service {
  readonly isHealthy: boolean;
  push(event: Alert | Log): void;
  counts(): OtlpCounts;
}

export function createOtlpExporter(options: OtlpExporterOptions): OtlpExporter {
  const { transport, clock } = options;
  const capacity = options.queueCapacity ?? 10_000;
  const queue = new BoundedQueue<Alert | Log>(capacity, 'drop-oldest');
  const backoff = new Backoff(options.backoff ?? { firstMs: 500, maxMs: 30_000 }, options.random);
  const totals = { exported: 0, rejected: 0, refused: 0, expired: 0, leftOver: 0, retries: 0 };
  const giveUp = new AbortController();
  const stopRetrying = new AbortController();
  let isHealthy = true;
  let running: Promise<void> = Promise.resolve();

  const report = (healthy: boolean, reason: string): void => {
    if (healthy === isHealthy) return;
    isHealthy = healthy;
    options.onState?.(healthy, reason);
  };

  async function deliver(events: readonly (Alert | Log)[]): Promise<void> {
    let bytes: Uint8Array;
    try {
      bytes = encodeBatch(events.map(toOtelRecord), clock.wallNs());
    } catch (cause) {
      // One event that cannot be told must not end the export of all others.
      totals.refused += events.length;
      report(
        false,
        `a batch could not be encoded: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
      return;
    }
    const bornMs = clock.nowMs();
    for (;;) {
      const delivery = await transport.deliver(bytes, giveUp.signal);
      if (delivery.kind === 'delivered') {
        const rejected = Math.min(events.length, Math.max(0, delivery.rejected));
        totals.exported += events.length - rejected;
        totals.rejected += rejected;
        backoff.reset();
        report(true, '');
        return;
      }
      report(false, delivery.reason);
      if (delivery.kind === 'refused') {
        totals.refused += events.length;
        return;
      }
      if (stopRetrying.signal.aborted) {
        totals.leftOver += events.length;
        return;
      }
      if (clock.nowMs() - bornMs >= (options.maxAgeMs ?? 300_000)) {
        totals.expired += events.length;
        return;
      }
      totals.retries += 1;
      await clock.sleep(Math.max(delivery.afterMs ?? 0, backoff.nextMs()), stopRetrying.signal);
    }
  }

  async function run(): Promise<void> {
    // What is in flight is outside the queue: a batch larger than it would make the bound a lie.
    const limits = {
      maxItems: Math.min(capacity, options.batchSize ?? 512),
      maxDelayMs: options.batchDelayMs ?? 200,
    };
    for await (const batch of batches(queue, limits, clock, giveUp.signal)) await deliver(batch);
    totals.leftOver += queue.takeMany(queue.capacity).length;
  }

  return {
    name: `OTLP exporter to ${transport.target}`,
    get isHealthy() {
      return isHealthy;
    },
    push: (event) => void queue.push(event),
    counts: () => ({
      pushed: queue.counts.pushed,
      queued: queue.size,
      exported: totals.exported,
      rejected: totals.rejected,
      refused: totals.refused,
      expired: totals.expired,
      dropped: queue.counts.dropped + totals.leftOver,
      retries: totals.retries,
    }),
    start: () => {
      running = run();
      return Promise.resolve();
    },
    stop: async () => {
      queue.close();
      stopRetrying.abort();
      const done = new AbortController();
      const deadline = clock.sleep(options.stopDeadlineMs ?? 5000, done.signal).then(() => giveUp.abort());
      await running;
      done.abort();
      await deadline;
      await transport.close();
    },
  };
}
