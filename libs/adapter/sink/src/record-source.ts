import type { SinkRecord } from './sink.ts';

export interface SourceRead {
  readonly records: readonly SinkRecord[];
  /** Encoded size of `records`, for bounds. */
  readonly bytes: number;
  /** Where the reader stands now: behind the last of `records`. */
  readonly position: number;
  /** Records lost to this reader since its last read: cut away, or not readable any more, before it came to them. */
  readonly cut: number;
}

/**
 * One reader's place in the stream of records. What it has read is kept for it until it commits; a reader that is
 * opened again continues behind its last commit.
 */
export interface RecordSource {
  /** Moves over at most `maxRecords`, at least one unless it has caught up, about `maxBytes` at most. Never throws. */
  read(maxRecords: number, maxBytes: number): Promise<SourceRead>;
  /** Resolves when there may be more to read, or the signal fires. */
  waitForMore(signal: AbortSignal): Promise<void>;
  /** All before `position` is dealt with. */
  commit(position: number): void;
  /** Records behind the reader's place. */
  readonly lag: number;
  /** Makes the last commit safe. */
  close(): Promise<void>;
}
