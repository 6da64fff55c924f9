import { open } from 'node:fs/promises';
import type { SinkRecord } from './sink.ts';

export interface DeadLetter {
  readonly record: SinkRecord;
  readonly reason: string;
}

export interface DeadLetterCounts {
  readonly written: number;
  /** Beyond the file's bound, or the file could not be written. */
  readonly lost: number;
  /** Why the last ones could not be written; empty when they were. */
  readonly reason: string;
}

/** Where records go that a receiver refused for good. */
export interface DeadLetters {
  /** Never rejects: what cannot be kept is counted. */
  add(letters: readonly DeadLetter[]): Promise<void>;
  counts(): DeadLetterCounts;
}

export interface DeadLetterFileOptions {
  readonly path: string;
  /** The file grows no further than this; moving it away makes room again. */
  readonly maxBytes: number;
  /** The sink's name, written beside each record. */
  readonly sink: string;
  readonly wallMs: () => number;
}

/** One JSON object a line: `time`, `sink`, `reason`, `kind`, `event`. */
export function createDeadLetterFile(options: DeadLetterFileOptions): DeadLetters {
  let written = 0;
  let lost = 0;
  let reason = '';

  async function append(letters: readonly DeadLetter[]): Promise<number> {
    // Opened anew each time, so that a file that was moved away is left alone.
    await using file = await open(options.path, 'a', 0o640);
    const { size } = await file.stat();
    let room = options.maxBytes - size;
    let text = '';
    let kept = 0;
    for (const { record, reason: why } of letters) {
      const line = `${JSON.stringify({
        time: new Date(options.wallMs()).toISOString(),
        sink: options.sink,
        reason: why,
        kind: record.kind,
        event: record.event,
      })}\n`;
      room -= Buffer.byteLength(line);
      if (room < 0) break;
      text += line;
      kept += 1;
    }
    if (text !== '') await file.appendFile(text);
    return kept;
  }

  return {
    add: async (letters) => {
      let kept = 0;
      try {
        kept = await append(letters);
        reason = kept < letters.length ? 'the file is full' : '';
      } catch (cause) {
        reason = cause instanceof Error ? cause.message : String(cause);
      }
      written += kept;
      lost += letters.length - kept;
    },
    counts: () => ({ written, lost, reason }),
  };
}
