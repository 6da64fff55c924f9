import type { Alert, Log } from '@kubearmor-ts/proto';

/** One event on its way to a sink. */
export interface SinkRecord {
  readonly kind: 'alerts' | 'logs';
  readonly event: Alert | Log;
}

/** What became of one batch at its receiver. */
export type Delivery =
  /** The receiver has it. `rejected` names records of it that it refused for good: they are never sent again. */
  | {
      readonly kind: 'delivered';
      readonly rejected: readonly RejectedRecord[];
      /** Refused for good by a receiver that counts such records but does not name them. */
      readonly unnamed?: { readonly count: number; readonly reason: string };
    }
  /**
   * Try again later, `afterMs` when the receiver named a time. `indexes` when only those records of the batch are
   * still to be delivered and the others are done.
   */
  | {
      readonly kind: 'retry';
      readonly reason: string;
      readonly afterMs?: number;
      readonly indexes?: readonly number[];
      readonly rejected?: readonly RejectedRecord[];
    }
  /** Never send this batch again: it goes to the dead letters. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface RejectedRecord {
  /** Place in the batch, from 0. */
  readonly index: number;
  readonly reason: string;
}

export interface BatchLimits {
  readonly maxItems: number;
  /** How long the first record of a batch may wait for more; it waits only when a batch went just before it. */
  readonly maxDelayMs: number;
}

/**
 * One receiver: it only encodes and delivers. Queue, batches, retries, filters, dead letters and metrics are the
 * runtime's and exist once.
 */
export interface Sink {
  /** Kind of sink: `syslog`, `splunk` … */
  readonly type: string;
  /** For messages and metrics: where it sends to, without secrets. */
  readonly target: string;
  readonly limits: BatchLimits;
  /** Answers within its own deadline and never throws. One call at a time, in order. An empty batch is never given. */
  deliver(batch: readonly SinkRecord[], signal: AbortSignal): Promise<Delivery>;
  /** What only this kind of sink counts, each growing from 0; for metrics. */
  counts?(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
