/**
 * Where events stay from their arrival until every sink has them.
 *
 *  1. `append` resolves with true when the batch is safe: synced to disk, or, in a journal without a directory, in memory.
 *     What arrives while a sync runs shares the next one, so an answer takes at most the sync under way and its own.
 *  2. Readers see a batch after it is safe. Numbers of records never go back, also not over a restart.
 *  3. A disk that cannot be written turns the journal into one in memory: readers go on, appends are answered when the
 *     disk takes them, or with false when `memoryBytes` pushed them out before. It is tried again with growing pauses.
 *  4. A stream's cursor is stored with the batch that moved it: both are there after a crash, or neither.
 *
 *   memory                       (no directory)
 *   disk ──write fails──► fallback ──everything written──► disk
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Backoff } from '@kubearmor-ts/flow';
import type { Clock } from '@kubearmor-ts/life';
import { noCursor, throughOf, totalOf } from '@kubearmor-ts/proto';
import type { BatchHead, Cursor } from '@kubearmor-ts/proto';
import { FrameDecoder } from './decode-frames.ts';
import { DirectoryLock } from './directory-lock.ts';
import { JournalError } from './errors.ts';
import { frameType, sizeOf, endOf } from './frame.ts';
import type { Frame } from './frame.ts';
import { FrameTail } from './frame-tail.ts';
import type { TailEntry } from './frame-tail.ts';
import type { Journal, JournalCounts, JournalOptions, JournalState } from './journal.ts';
import { JournalReader } from './journal-reader.ts';
import { cursorPath, readStoredCursor } from './reader-cursor.ts';
import { SegmentStore } from './segment-store.ts';
import { StreamCursors } from './stream-cursors.ts';

const maxQueuedBytes = 4 << 20;
const maxWriteBytes = 2 << 20;
/** Of what is on disk: a reader that is further behind reads there. */
const readFromMemoryBytes = 8 << 20;
const maxStreams = 4096;
/** Shared by readers that pass at about the same time; each is a few kilobytes. */
const decodedRecords = 512;
const mostRetainEveryMs = 30_000;

export function createJournal(options: JournalOptions): Journal {
  return new FramedJournal(options);
}

class FramedJournal implements Journal {
  readonly name = 'journal';
  readonly clock: Clock;
  readonly tail: FrameTail;
  readonly decoder = new FrameDecoder(decodedRecords);
  readonly store: SegmentStore | undefined;
  state: JournalState;
  /** Number behind the youngest record readers may see. */
  end = 1;
  private readonly options: JournalOptions;
  private readonly backoff: Backoff;
  private readonly readers = new Map<string, JournalReader>();
  private readonly stopping = new AbortController();
  private readonly waiting = new Set<() => void>();
  private queue: TailEntry[] = [];
  private queuedBytes = 0;
  private room: (() => void)[] = [];
  private wakeWriter: (() => void) | undefined;
  private next = 1;
  private appended = 0;
  private writes = 0;
  private writeFailures = 0;
  private tornBytes = 0;
  /** As of everything appended. */
  private arrived = new StreamCursors(maxStreams);
  /** As of everything on disk. */
  private written = new StreamCursors(maxStreams);
  private lock: DirectoryLock | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(options: JournalOptions) {
    this.options = options;
    this.clock = options.clock;
    this.backoff = new Backoff(options.retry ?? { firstMs: 500, maxMs: 15_000 }, options.random);
    const { storage } = options;
    if (storage !== undefined) {
      const segmentBytes = storage.segmentBytes ?? Math.min(64 << 20, Math.ceil(storage.maxBytes / 16));
      const segmentAgeMs = storage.segmentAgeMs ?? Math.ceil(storage.maxAgeMs / 16);
      this.store = new SegmentStore({
        ...storage,
        segmentBytes,
        segmentAgeMs,
        clock: options.clock,
        maxStreams,
      });
    }
    this.state = { kind: storage === undefined ? 'memory' : 'disk' };
    const keptBytes = storage === undefined ? options.memoryBytes : readFromMemoryBytes;
    this.tail = new FrameTail(options.memoryBytes, 1, keptBytes);
  }

  /** Often enough that a short age is kept to. */
  private get retainEveryMs(): number {
    const { storage } = this.options;
    const segmentAgeMs = storage?.segmentAgeMs ?? (storage?.maxAgeMs ?? Infinity) / 16;
    return Math.min(mostRetainEveryMs, Math.max(10, segmentAgeMs));
  }

  get oldest(): number {
    return Math.min(this.store?.first ?? Infinity, this.tail.first ?? Infinity, this.end);
  }

  async start(): Promise<void> {
    const { storage } = this.options;
    if (storage !== undefined && this.store !== undefined) await this.openStore(storage.dir, this.store);
    for (const reader of this.readers.values()) await reader.open();
    if (this.store !== undefined) this.running = Promise.all([this.write(), this.retain()]);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wakeWriter?.();
    await this.running;
    for (const entry of [...this.tail.unkept(), ...this.queue]) entry.settle?.(false);
    for (const reader of this.readers.values()) await reader.close();
    await this.store?.close();
    await this.lock?.release();
  }

  append(payload: Buffer, head: BatchHead): Promise<boolean> {
    const count = totalOf(head.counts);
    const wallMs = Number(this.clock.wallNs() / 1_000_000n);
    // A batch may only say what was missed.
    if (count === 0) return Promise.resolve(true);
    const frame: Frame = { type: frameType.events, first: this.next, count, wallMs, payload };
    this.next += count;
    this.appended += count;
    const { streamId } = head;
    const through = throughOf(head, this.arrived.get(streamId) ?? noCursor);
    this.arrived.set(streamId, through);
    if (this.state.kind === 'memory') {
      this.tail.keptEnd = this.next;
      this.show([{ frame, streamId, through, settle: undefined }]);
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const entry: TailEntry = { frame, streamId, through, settle: resolve };
      if (this.state.kind === 'fallback') {
        this.show([entry]);
        return;
      }
      this.queue.push(entry);
      this.queuedBytes += sizeOf(frame);
      this.wakeWriter?.();
    });
  }

  whenRoom(): Promise<void> | undefined {
    if (this.queuedBytes < maxQueuedBytes) return undefined;
    return new Promise((resolve) => this.room.push(resolve));
  }

  cursorOf(streamId: string): Readonly<Cursor> | undefined {
    return this.arrived.get(streamId);
  }

  reader(name: string): JournalReader {
    if (!/^[\w.-]{1,64}$/.test(name) || name.startsWith('.'))
      throw new JournalError('KA_JOURNAL_READER_NAME', name, 'cannot be a reader’s name');
    const known = this.readers.get(name);
    if (known !== undefined) return known;
    const { storage } = this.options;
    const reader = new JournalReader(
      name,
      this,
      storage === undefined ? undefined : cursorPath(storage.dir, name),
    );
    this.readers.set(name, reader);
    return reader;
  }

  async waitForMore(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  counts(): JournalCounts {
    let cursorFailures = 0;
    for (const reader of this.readers.values()) cursorFailures += reader.cursorFailures;
    return {
      appended: this.appended,
      lost: this.state.kind === 'memory' ? 0 : this.tail.lost,
      malformed: this.decoder.malformed,
      oldest: this.oldest,
      end: this.end,
      diskBytes: this.store?.bytes ?? 0,
      memoryBytes: this.tail.bytes,
      queuedBytes: this.queuedBytes,
      segments: this.store?.segments.length ?? 0,
      writes: this.writes,
      writeFailures: this.writeFailures,
      cursorFailures,
      tornBytes: this.tornBytes,
    };
  }

  private async openStore(dir: string, store: SegmentStore): Promise<void> {
    try {
      await mkdir(join(dir, 'cursors'), { recursive: true, mode: 0o750 });
      this.lock = await DirectoryLock.take(dir);
      const { end, cursors, tornBytes } = await store.open();
      // A reader may be ahead of what the disk kept of an interrupted fallback: numbers must not be given out twice.
      this.next = Math.max(end, ...(await storedCursors(dir)));
      this.end = this.next;
      this.tail.keptEnd = this.next;
      this.tornBytes = tornBytes;
      this.arrived = new StreamCursors(maxStreams, cursors.entries());
      this.written = cursors;
      await store.retain();
    } catch (cause) {
      await this.lock?.release();
      if (cause instanceof JournalError) throw cause;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new JournalError('KA_JOURNAL_OPEN', dir, message, cause);
    }
  }

  /** Lets readers have the entries. */
  private show(entries: readonly TailEntry[]): void {
    for (const entry of entries) {
      this.tail.push(entry);
      this.end = endOf(entry.frame);
    }
    for (const wake of [...this.waiting]) wake();
  }

  private async write(): Promise<void> {
    for (;;) {
      if (this.state.kind === 'fallback') await this.writeBacklog();
      else if (this.queue.length > 0) await this.writeQueue();
      else if (this.stopping.signal.aborted) return;
      else if (this.store?.isAged === true) await this.rollAged(this.store);
      else await new Promise<void>((resolve) => (this.wakeWriter = resolve));
      if (this.stopping.signal.aborted && this.state.kind === 'fallback') return;
    }
  }

  private async writeQueue(): Promise<void> {
    const entries = this.takeQueue(maxWriteBytes);
    const failure = await this.persist(entries);
    if (failure === undefined) this.tail.keptEnd = endOf(entries.at(-1)!.frame);
    this.show(entries);
    if (failure === undefined) {
      for (const entry of entries) entry.settle?.(true);
      return;
    }
    this.enter({ kind: 'fallback', reason: failure });
    // What had come in meanwhile must not wait for the disk either.
    this.show(this.takeQueue(Infinity));
  }

  /** In a quiet time nobody appends, and old records are to leave all the same. */
  private async rollAged(store: SegmentStore): Promise<void> {
    try {
      await store.rollAged(this.next, this.written);
    } catch (cause) {
      this.writeFailures += 1;
      this.enter({ kind: 'fallback', reason: cause instanceof Error ? cause.message : String(cause) });
    }
  }

  /** Tries to get rid of what only memory has; ends in `disk`, or after one pause. */
  private async writeBacklog(): Promise<void> {
    await this.clock.sleep(this.backoff.nextMs(), this.stopping.signal);
    for (;;) {
      const entries = within(this.tail.unkept(), maxWriteBytes);
      const failure = entries.length === 0 ? undefined : await this.persist(entries);
      if (failure !== undefined) {
        this.enter({ kind: 'fallback', reason: failure });
        await this.store?.dropBefore(this.leastCommitted());
        return;
      }
      for (const entry of entries) entry.settle?.(true);
      if (entries.length > 0) this.tail.keptEnd = endOf(entries.at(-1)!.frame);
      if (this.tail.unkept().length === 0) break;
    }
    this.backoff.reset();
    this.enter({ kind: 'disk' });
  }

  /** The reason when the disk did not take them. */
  private async persist(entries: readonly TailEntry[]): Promise<string | undefined> {
    const frames = entries.map((entry) => entry.frame);
    this.writes += 1;
    try {
      await this.store?.append(frames, this.written);
    } catch (cause) {
      this.writeFailures += 1;
      return cause instanceof Error ? cause.message : String(cause);
    }
    for (const { streamId, through } of entries) this.written.set(streamId, through);
    return undefined;
  }

  private takeQueue(maxBytes: number): readonly TailEntry[] {
    const entries = within(this.queue, maxBytes);
    this.queue = this.queue.slice(entries.length);
    for (const entry of entries) this.queuedBytes -= sizeOf(entry.frame);
    if (this.queuedBytes < maxQueuedBytes) for (const resolve of this.room.splice(0)) resolve();
    return entries;
  }

  private enter(state: JournalState): void {
    const isNews = state.kind !== this.state.kind;
    this.state = state;
    if (isNews) this.options.onState?.(state);
  }

  private leastCommitted(): number {
    return Math.min(this.end, ...[...this.readers.values()].map((reader) => reader.committed));
  }

  private async retain(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.clock.sleep(this.retainEveryMs, this.stopping.signal);
      if (this.store?.isAged === true) this.wakeWriter?.();
      await this.store?.retain();
    }
  }
}

function within(entries: readonly TailEntry[], maxBytes: number): readonly TailEntry[] {
  let bytes = 0;
  const over = entries.findIndex((entry) => (bytes += sizeOf(entry.frame)) > maxBytes);
  return over < 0 ? entries : entries.slice(0, Math.max(1, over));
}

async function storedCursors(dir: string): Promise<readonly number[]> {
  const names = (await readdir(join(dir, 'cursors'))).filter((name) => name.endsWith('.json'));
  const stored = await Promise.all(names.map((name) => readStoredCursor(join(dir, 'cursors', name))));
  return stored.filter((cursor) => typeof cursor === 'number');
}
