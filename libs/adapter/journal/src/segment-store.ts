/**
 * The journal's files: `<number of the first record>.seg`, oldest first.
 *
 *  1. A segment begins with the cursors of all streams as of its first record, so that the youngest segment alone says
 *     how far every stream came.
 *  2. Only the youngest segment is written to. What a crash left torn at its end is cut when it is opened.
 *  3. Segments go as a whole, the oldest first, when all together are too large or the oldest is too old.
 *  4. A segment is closed when it is large or when its first record is old, so that records of a quiet time leave too.
 *  5. Age is measured with a clock that does not jump. A segment of an earlier run has the age its file says, but at
 *     least a tenth of the allowed time is left to it.
 */
import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@kubearmor-ts/life';
import { noCursor, readBatchHead, throughOf } from '@kubearmor-ts/proto';
import { systemCode } from './errors.ts';
import { endOf, frameType } from './frame.ts';
import type { Frame } from './frame.ts';
import { SegmentFile, SegmentScan } from './segment-file.ts';
import { StreamCursors, decodeStreamCursors } from './stream-cursors.ts';

export interface SegmentStoreOptions {
  readonly dir: string;
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** A segment is closed when it is larger than this. */
  readonly segmentBytes: number;
  /** Or when its first record is older than this. */
  readonly segmentAgeMs: number;
  readonly maxStreams: number;
}

export interface Segment {
  readonly base: number;
  readonly path: string;
  /** Bytes that may be read. */
  bytes: number;
  /** `nowMs` of its first record; undefined while it has none. */
  beganMs: number | undefined;
  /** `nowMs` of the last append. */
  writtenMs: number;
}

export interface Recovery {
  /** The number behind the last record found. */
  readonly end: number;
  readonly cursors: StreamCursors;
  readonly tornBytes: number;
}

export class SegmentStore {
  private readonly options: SegmentStoreOptions;
  private list: Segment[] = [];
  private file: SegmentFile | undefined;

  constructor(options: SegmentStoreOptions) {
    this.options = options;
  }

  get segments(): readonly Segment[] {
    return this.list;
  }

  get bytes(): number {
    return this.list.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /** Number of the oldest record that may be here; undefined when there is no segment. */
  get first(): number | undefined {
    return this.list[0]?.base;
  }

  /** Finds what earlier runs left. Rejects when the directory cannot be used. */
  async open(): Promise<Recovery> {
    const { dir, clock, maxAgeMs, maxStreams } = this.options;
    await mkdir(dir, { recursive: true, mode: 0o750 });
    const wallMs = Number(clock.wallNs() / 1_000_000n);
    for (const name of (await readdir(dir)).sort()) {
      const match = /^(\d{16})\.seg$/.exec(name);
      if (match === null) continue;
      const path = join(dir, name);
      const { size, mtimeMs } = await stat(path);
      const ageMs = Math.min(Math.max(0, wallMs - mtimeMs), maxAgeMs * 0.9);
      const writtenMs = clock.nowMs() - ageMs;
      this.list.push({ base: Number(match[1]), path, bytes: size, beganMs: writtenMs, writtenMs });
    }
    const last = this.list.at(-1);
    if (last === undefined) return { end: 1, cursors: new StreamCursors(maxStreams), tornBytes: 0 };
    const found = await recoverSegment(last, maxStreams);
    const tornBytes = last.bytes - found.goodBytes;
    this.file = await SegmentFile.resume(last.path, found.goodBytes);
    last.bytes = this.file.size;
    if (found.end === last.base) last.beganMs = undefined;
    return { end: found.end, cursors: found.cursors, tornBytes: Math.max(0, tornBytes) };
  }

  /** Safe on disk when it resolves. `cursors` are those of all frames written before these. */
  async append(frames: readonly Frame[], cursors: StreamCursors): Promise<void> {
    const [head] = frames;
    if (head === undefined) return;
    try {
      if (this.file === undefined || this.file.size >= this.options.segmentBytes || this.isAged)
        await this.roll(head.first, cursors);
      await this.file?.append(frames);
    } catch (cause) {
      await this.abandon();
      throw cause;
    }
    const current = this.list.at(-1)!;
    current.bytes = this.file?.size ?? current.bytes;
    current.writtenMs = this.options.clock.nowMs();
    current.beganMs ??= current.writtenMs;
  }

  /** The youngest segment holds a record that is old enough for the segment to be closed. */
  get isAged(): boolean {
    const { clock, segmentAgeMs } = this.options;
    const began = this.list.at(-1)?.beganMs;
    return began !== undefined && clock.nowMs() - began >= segmentAgeMs;
  }

  /** Closes the youngest segment if it is aged; `next` is the number of the record to come. Not during an append. */
  async rollAged(next: number, cursors: StreamCursors): Promise<void> {
    if (!this.isAged) return;
    try {
      await this.roll(next, cursors);
    } catch (cause) {
      await this.abandon();
      throw cause;
    }
  }

  /** Removes what is beyond the bounds; the youngest segment stays. */
  async retain(): Promise<void> {
    const { clock, maxAgeMs, maxBytes } = this.options;
    const tooOldMs = clock.nowMs() - maxAgeMs;
    for (;;) {
      const [oldest] = this.list;
      if (oldest === undefined || this.list.length < 2) return;
      if (this.bytes <= maxBytes && oldest.writtenMs > tooOldMs) return;
      if (!(await this.remove(oldest))) return;
    }
  }

  /** Removes segments that hold nothing from `record` on: what can be spared when the disk is full. */
  async dropBefore(record: number): Promise<void> {
    for (;;) {
      const [oldest, next] = this.list;
      if (oldest === undefined || next === undefined || next.base > record) return;
      if (!(await this.remove(oldest))) return;
    }
  }

  /** The segment that would hold the record. */
  segmentOf(record: number): Segment | undefined {
    return this.list.findLast((segment) => segment.base <= record) ?? this.list[0];
  }

  segmentAfter(base: number): Segment | undefined {
    return this.list.find((segment) => segment.base > base);
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
  }

  private async roll(first: number, cursors: StreamCursors): Promise<void> {
    const { dir, clock } = this.options;
    await this.close();
    const path = join(dir, `${String(first).padStart(16, '0')}.seg`);
    // A segment of the same number holds no record: its first append failed.
    this.list = this.list.filter((segment) => segment.base !== first);
    this.file = await SegmentFile.create(path);
    this.list.push({
      base: first,
      path,
      bytes: this.file.size,
      beganMs: undefined,
      writtenMs: clock.nowMs(),
    });
    const wallMs = Number(clock.wallNs() / 1_000_000n);
    await this.file.append([{ type: frameType.cursors, first, count: 0, wallMs, payload: cursors.encode() }]);
    await this.retain();
  }

  /** After a failure the next append begins a new segment: what the kernel kept of this one is not known. */
  private async abandon(): Promise<void> {
    await this.file?.abandon();
    this.file = undefined;
  }

  private async remove(segment: Segment): Promise<boolean> {
    try {
      await unlink(segment.path);
    } catch (cause) {
      if (systemCode(cause) !== 'ENOENT') return false;
    }
    this.list = this.list.filter((other) => other !== segment);
    return true;
  }
}

async function recoverSegment(
  segment: Segment,
  maxStreams: number,
): Promise<{ end: number; cursors: StreamCursors; goodBytes: number }> {
  let end = segment.base;
  let cursors = new StreamCursors(maxStreams);
  const scan = await SegmentScan.open(segment.path);
  if (scan === undefined) return { end, cursors, goodBytes: 0 };
  for (let frame = await scan.next(segment.bytes); frame; frame = await scan.next(segment.bytes)) {
    end = Math.max(end, endOf(frame));
    if (frame.type === frameType.cursors)
      cursors = new StreamCursors(maxStreams, decodeStreamCursors(frame.payload));
    else {
      const head = readBatchHead(frame.payload);
      if (head !== undefined)
        cursors.set(head.streamId, throughOf(head, cursors.get(head.streamId) ?? noCursor));
    }
  }
  await scan.close();
  return { end, cursors, goodBytes: scan.goodBytes };
}
