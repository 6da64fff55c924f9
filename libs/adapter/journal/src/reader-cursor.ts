import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@kubearmor-ts/life';
import { systemCode } from './errors.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

/** Where a reader starts: a number, or what it means that there is none. */
export type StoredCursor = number | 'absent' | 'unreadable';

export async function readStoredCursor(path: string): Promise<StoredCursor> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    return systemCode(cause) === 'ENOENT' ? 'absent' : 'unreadable';
  }
  try {
    const value: unknown = JSON.parse(text);
    const record =
      typeof value === 'object' && value !== null && 'record' in value ? value.record : undefined;
    return Number.isSafeInteger(record) && Number(record) >= 1 ? Number(record) : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

export const cursorPath = (dir: string, reader: string): string => join(dir, 'cursors', `${reader}.json`);

/** How long a commit may wait before it is written: after a crash so much comes twice. */
const writeDelayMs = 200;

/** Keeps a reader's commits in a file, the last one of several; a failure to write is tried again and counted. */
export class CursorWriter {
  failures = 0;
  private readonly path: string;
  private readonly clock: Clock;
  private readonly closing = new AbortController();
  private wanted: number;
  private written: number | undefined;
  private running: Promise<void> | undefined;

  constructor(path: string, clock: Clock, record: number) {
    this.path = path;
    this.clock = clock;
    this.wanted = record;
  }

  set(record: number): void {
    this.wanted = record;
    this.running ??= this.writeSoon();
  }

  /** Writes now. */
  async flush(): Promise<void> {
    const record = this.wanted;
    if (record === this.written) return;
    try {
      await writeFileAtomically(this.path, `${JSON.stringify({ record })}\n`);
      this.written = record;
    } catch {
      this.failures += 1;
    }
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.running;
    await this.flush();
  }

  private async writeSoon(): Promise<void> {
    while (this.wanted !== this.written && !this.closing.signal.aborted) {
      await this.clock.sleep(writeDelayMs, this.closing.signal);
      if (!this.closing.signal.aborted) await this.flush();
    }
    this.running = undefined;
  }
}
