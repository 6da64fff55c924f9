import type { BehaviourClass, Outcome, Workload } from '@kubearmor-ts/behaviour';
import type { EventKind } from './protocol.ts';

/** Texts are compared whole. */
export interface EventQuery {
  readonly kind?: EventKind;
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
  readonly policy?: string;
  readonly operation?: string;
  readonly action?: string;
  readonly type?: string;
  readonly host?: string;
  readonly minSeverity?: number;
  /** Unix milliseconds, of the event's own time; `until` is not included. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Anywhere in any text of the event. */
  readonly text?: string;
  /** Only events whose last repeat has a greater number, oldest first: what somebody has missed. */
  readonly afterSeq?: number;
  /** Only events with a smaller number, newest first. */
  readonly beforeSeq?: number;
  readonly limit: number;
}

export interface StoredEvent {
  readonly kind: EventKind;
  /** Of the first of its repeats. */
  readonly seq: number;
  /** Of the last one. */
  readonly lastSeq: number;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** The first, encoded, as it came. */
  readonly bytes: Uint8Array;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  /** Where the next page begins, when there may be one. */
  readonly next?: number;
  /** Numbers of the oldest event and of the last one the store has; 0 when it is empty. */
  readonly oldestSeq: number;
  readonly lastSeq: number;
}

export interface SummaryQuery {
  readonly namespace?: string;
  readonly ownerKind?: string;
  readonly ownerName?: string;
  readonly container?: string;
  readonly host?: string;
  readonly class?: BehaviourClass;
  readonly outcome?: Outcome;
  /** Where the page before ended. */
  readonly after?: readonly [workload: number, behaviour: number];
  readonly limit: number;
}

export interface SummaryRow {
  readonly workload: Workload;
  readonly class: BehaviourClass;
  readonly source: string;
  readonly target: string;
  readonly detail: string;
  readonly outcome: Outcome;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface SummaryPage {
  /** Rows of a workload are beside each other. */
  readonly rows: readonly SummaryRow[];
  readonly next?: readonly [workload: number, behaviour: number];
}
