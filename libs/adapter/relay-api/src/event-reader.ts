import type { BehaviourClass, Outcome, Workload } from '@kubearmor-ts/behaviour';

/** What the API needs of a store; all reject with an error that has a `code`. */
export interface EventReader {
  events(query: EventsQuery): Promise<EventsPage>;
  summaries(query: SummariesQuery): Promise<SummariesPage>;
  /** Number of the last event taken. */
  readonly lastSeq: number;
}

export type EventKind = 'alerts' | 'logs';

export interface EventFilter {
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
  /** Anywhere in any text of the event. */
  readonly text?: string;
}

export interface EventsQuery extends EventFilter {
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly beforeSeq?: number;
  readonly afterSeq?: number;
  readonly limit: number;
}

export interface EventRow {
  readonly kind: EventKind;
  readonly seq: number;
  readonly lastSeq: number;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly bytes: Uint8Array;
}

export interface EventsPage {
  readonly events: readonly EventRow[];
  readonly next?: number;
  readonly oldestSeq: number;
  readonly lastSeq: number;
}

export interface SummariesQuery {
  readonly namespace?: string;
  readonly ownerKind?: string;
  readonly ownerName?: string;
  readonly container?: string;
  readonly host?: string;
  readonly class?: BehaviourClass;
  readonly outcome?: Outcome;
  readonly after?: readonly [number, number];
  readonly limit: number;
}

export interface SummariesPage {
  readonly rows: readonly {
    readonly workload: Workload;
    readonly class: string;
    readonly source: string;
    readonly target: string;
    readonly detail: string;
    readonly outcome: string;
    readonly count: number;
    readonly firstMs: number;
    readonly lastMs: number;
  }[];
  readonly next?: readonly [number, number];
}
