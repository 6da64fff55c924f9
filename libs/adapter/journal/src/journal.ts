import type { BackoffLimits } from '@kubearmor-ts/flow';
import type { Clock, Service } from '@kubearmor-ts/life';
import type { BatchHead, Cursor } from '@kubearmor-ts/proto';
import type { RecordSource } from '@kubearmor-ts/sink';

export interface JournalStorage {
  readonly dir: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** A sixteenth of `maxBytes`, at most 64 MiB, when absent. */
  readonly segmentBytes?: number;
  /** A sixteenth of `maxAgeMs` when absent. */
  readonly segmentAgeMs?: number;
}

export interface JournalOptions {
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  /** Absent: everything stays in memory. */
  readonly storage?: JournalStorage;
  /** The youngest events are kept in memory up to this; without storage that is the whole journal. */
  readonly memoryBytes: number;
  readonly retry?: BackoffLimits;
  readonly onState?: (state: JournalState) => void;
}

export type JournalState =
  | { readonly kind: 'memory' }
  | { readonly kind: 'disk' }
  /** Meant for the disk, in memory for now. */
  | { readonly kind: 'fallback'; readonly reason: string };

export interface JournalCounts {
  /** Records taken in. */
  readonly appended: number;
  /** Records that memory had to push out before the disk took them. */
  readonly lost: number;
  /** Events that a batch promised and that were none: no reader gets them. */
  readonly malformed: number;
  readonly oldest: number;
  readonly end: number;
  readonly diskBytes: number;
  readonly memoryBytes: number;
  readonly queuedBytes: number;
  readonly segments: number;
  readonly writes: number;
  readonly writeFailures: number;
  readonly cursorFailures: number;
  /** Cut from the end of the youngest segment when it was opened. */
  readonly tornBytes: number;
}

export interface Journal extends Service {
  readonly state: JournalState;
  /** `payload` is the batch with this head, kept as it is; it must not change afterwards. */
  append(payload: Buffer, head: BatchHead): Promise<boolean>;
  /** Something to wait for before the next append, when too much waits for the disk. */
  whenRoom(): Promise<void> | undefined;
  /** How far a stream has come, counting what is not yet safe. */
  cursorOf(streamId: string): Readonly<Cursor> | undefined;
  /** The reader of this name; it goes on where the last one of the name had committed. */
  reader(name: string): RecordSource;
  counts(): JournalCounts;
}
