import type { RecordSource, SinkRecord, SourceRead } from '@kubearmor-ts/sink';
import type { Clock } from '@kubearmor-ts/life';
import type { DecodedFrame, FrameDecoder } from './decode-frames.ts';
import type { Frame } from './frame.ts';
import { endOf, sizeOf } from './frame.ts';
import type { FrameTail } from './frame-tail.ts';
import { CursorWriter, readStoredCursor } from './reader-cursor.ts';
import { SegmentReader } from './segment-reader.ts';
import type { SegmentStore } from './segment-store.ts';

/** What readers see of their journal. */
export interface ReadSide {
  readonly clock: Clock;
  readonly tail: FrameTail;
  readonly decoder: FrameDecoder;
  readonly store: SegmentStore | undefined;
  /** Number behind the youngest record that may be read. */
  readonly end: number;
  /** Number of the oldest record that is still somewhere. */
  readonly oldest: number;
  waitForMore(signal: AbortSignal): Promise<void>;
}

interface Decoded {
  readonly frame: Frame;
  readonly decoded: DecodedFrame;
}

/** Before files that could not be read are tried again. */
const readPauseMs = 1000;

/**
 * A sink's place in the journal.
 *
 *  1. Numbers only grow. A hole in them, from whatever cause, counts as cut.
 *  2. A reader nobody has heard of starts at the end; one whose cursor cannot be read starts at the oldest record.
 */
export class JournalReader implements RecordSource {
  readonly name: string;
  committed = 1;
  /** Times the files could not be read; it is tried again. */
  readFailures = 0;
  private readonly side: ReadSide;
  private readonly path: string | undefined;
  private readonly files: SegmentReader | undefined;
  private writer: CursorWriter | undefined;
  private position = 0;
  private opening: Promise<void> | undefined;
  private current: Decoded | undefined;
  private readonly closing = new AbortController();

  constructor(name: string, side: ReadSide, path: string | undefined) {
    this.name = name;
    this.side = side;
    this.path = path;
    this.files = side.store === undefined ? undefined : new SegmentReader(side.store);
  }

  /** Finds its place. The journal has started. */
  open(): Promise<void> {
    this.opening ??= this.findPlace();
    return this.opening;
  }

  get lag(): number {
    return Math.max(0, this.side.end - Math.max(this.position, this.side.oldest));
  }

  get cursorFailures(): number {
    return this.writer?.failures ?? 0;
  }

  async read(maxRecords: number, maxBytes: number): Promise<SourceRead> {
    await this.open();
    const records: SinkRecord[] = [];
    let bytes = 0;
    let cut = 0;
    while (records.length < maxRecords && bytes < maxBytes && this.position < this.side.end) {
      const found = await this.frameHere();
      if (found === 'failed') break;
      // No frame anywhere: what the numbers promise is gone.
      const from = found === undefined ? this.side.end : Math.max(this.position, found.frame.first);
      cut += from - this.position;
      this.position = from;
      if (found === undefined) break;
      const { frame, decoded } = found;
      const averageBytes = sizeOf(frame) / Math.max(1, frame.count);
      const fits = Math.min(maxRecords - records.length, Math.floor((maxBytes - bytes) / averageBytes));
      // Never nothing while there is something.
      if (fits < 1 && records.length > 0) break;
      const fitting = Math.max(1, fits);
      const to = Math.min(endOf(frame), this.position + fitting);
      for (const record of decoded.slice(this.position - frame.first, to - frame.first))
        if (record !== undefined) records.push(record);
      bytes += Math.ceil((to - this.position) * averageBytes);
      this.position = to;
    }
    return { records, bytes, position: this.position, cut };
  }

  async waitForMore(signal: AbortSignal): Promise<void> {
    if (this.position >= this.side.end) await this.side.waitForMore(signal);
  }

  commit(position: number): void {
    if (position <= this.committed) return;
    this.committed = position;
    this.writer?.set(position);
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.writer?.close();
    await this.files?.close();
  }

  /** The frame at this place, or the next one there is. */
  private async frameHere(): Promise<Decoded | undefined | 'failed'> {
    const { current, position } = this;
    if (current !== undefined && position >= current.frame.first && position < endOf(current.frame))
      return current;
    const { tail, decoder } = this.side;
    let frame = tail.find(position);
    if (frame === undefined) {
      try {
        frame = await this.files?.frameAt(Math.max(position, this.side.oldest));
      } catch {
        this.readFailures += 1;
        await this.side.clock.sleep(readPauseMs, this.closing.signal);
        return 'failed';
      }
      // While the disk was away, frames may have stayed in memory that lie before the next one in the files.
      const inMemory = tail.first ?? Infinity;
      if (inMemory > position && inMemory < (frame?.first ?? Infinity)) frame = tail.find(inMemory);
    }
    this.current = frame === undefined ? undefined : { frame, decoded: decoder.decode(frame) };
    return this.current;
  }

  private async findPlace(): Promise<void> {
    const stored = this.path === undefined ? 'absent' : await readStoredCursor(this.path);
    if (stored === 'absent') this.position = this.side.end;
    else this.position = stored === 'unreadable' ? this.side.oldest : Math.min(stored, this.side.end);
    this.committed = this.position;
    if (this.path === undefined) return;
    this.writer = new CursorWriter(this.path, this.side.clock, this.position);
    // Before the first event: else a crash would turn "from here on" into "from wherever the next run begins".
    await this.writer.flush();
  }
}
