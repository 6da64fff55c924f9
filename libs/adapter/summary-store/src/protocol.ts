import type { EventQuery, EventPage, SummaryPage, SummaryQuery } from './query.ts';

export type EventKind = 'alerts' | 'logs';

export interface StoreLimits {
  /** Events older than this, by the time they came, are retired. */
  readonly maxAgeMs: number;
  /** Of events; behaviours are bounded by their number. */
  readonly maxBytes: number;
  /** A repeat within this time of the first is folded into it. */
  readonly repeatWindowMs: number;
  /** Behaviours not seen for so long are retired. */
  readonly maxBehaviourAgeMs: number;
  readonly maxWorkloads: number;
  readonly maxBehavioursPerWorkload: number;
  /** Of all workloads. */
  readonly maxBehaviours: number;
}

export interface ThreadSettings {
  /** `:memory:` keeps nothing. */
  readonly path: string;
  readonly limits: StoreLimits;
}

/** What the thread has done since it began. */
export interface ThreadCounts {
  readonly stored: number;
  /** Of those stored, folded into an earlier one. */
  readonly folded: number;
  /** Not a message of its kind. */
  readonly malformed: number;
  /** Lost because the database refused them. */
  readonly failed: number;
  /** Events retired by age or size, repeats counted. */
  readonly retired: number;
  /** Databases moved aside. */
  readonly movedAside: number;
  readonly bytes: number;
}

export type ToThread =
  | { readonly kind: 'batch'; readonly packed: ArrayBuffer }
  | { readonly kind: 'events'; readonly id: number; readonly query: EventQuery }
  | { readonly kind: 'summaries'; readonly id: number; readonly query: SummaryQuery }
  | { readonly kind: 'close' };

export type FromThread =
  | {
      readonly kind: 'ready';
      readonly lastSeq: number;
      readonly counts: ThreadCounts;
      readonly notice?: string;
    }
  | { readonly kind: 'done'; readonly counts: ThreadCounts; readonly notice?: string }
  | { readonly kind: 'answer'; readonly id: number; readonly page: EventPage | SummaryPage }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string };
