/**
 * The store as the rest of the process sees it: a queue, a thread, and questions.
 *
 *   starting ──ready──► up ──thread ends──► down ──pause──► starting …        any ──stop──► stopped
 *
 *  1. At most `maxUnanswered` batches are with the thread; what comes meanwhile waits in the queue, and is dropped
 *     beyond its bytes.
 *  2. What was with a thread that ended is counted as lost; questions it did not answer are refused.
 */
import { Worker } from 'node:worker_threads';
import { Backoff } from '@kubearmor-ts/flow';
import type { Clock, Service } from '@kubearmor-ts/life';
import { StoreError } from './errors.ts';
import { packBatch } from './packed-batch.ts';
import type { PackedEvent } from './packed-batch.ts';
import type { EventKind, FromThread, StoreLimits, ThreadCounts, ToThread } from './protocol.ts';
import type { EventPage, EventQuery, SummaryPage, SummaryQuery } from './query.ts';
import type { StoreTask } from './store-thread.ts';

export interface SummaryStoreOptions {
  /** `:memory:` keeps nothing beyond the process. */
  readonly path: string;
  readonly limits?: Partial<StoreLimits>;
  readonly clock: Clock;
  /** Bytes of events that may wait for the thread. */
  readonly queueBytes?: number;
  /** Module that calls `serveSummaryStore` when it is the store's thread; a bundle gives its own URL. */
  readonly entry?: URL;
  /** What a user should know: a database moved aside, batches not stored, a thread that ended. */
  readonly onNotice: (text: string) => void;
}

export interface StoreCounts extends ThreadCounts {
  readonly taken: number;
  /** Never stored: the queue was full. */
  readonly dropped: number;
  /** With a thread that ended. */
  readonly lost: number;
  readonly waiting: number;
  readonly threadStarts: number;
}

export interface SummaryStore extends Service {
  /** Keeps the event when it can; never waits. Gives its number, with which a reader may ask for what came after. */
  take(kind: EventKind, bytes: Uint8Array): number;
  /** Rejects with a StoreError. */
  events(query: EventQuery): Promise<EventPage>;
  summaries(query: SummaryQuery): Promise<SummaryPage>;
  /** Number of the last event taken. */
  readonly lastSeq: number;
  readonly isUp: boolean;
  counts(): StoreCounts;
  /** Resolves when everything taken so far is stored, dropped or lost. */
  settled(): Promise<void>;
}

const defaultLimits: StoreLimits = {
  maxAgeMs: 7 * 86_400_000,
  maxBytes: 256 << 20,
  repeatWindowMs: 10_000,
  maxBehaviourAgeMs: 30 * 86_400_000,
  maxWorkloads: 5000,
  maxBehavioursPerWorkload: 2000,
  maxBehaviours: 100_000,
};

/** What an event in the queue costs beside its bytes. */
const overheadBytes = 100;
const batchEvents = 512;
const batchBytes = 1 << 20;
const maxUnanswered = 2;
const maxQuestions = 64;
const questionMs = 10_000;
const noCounts: ThreadCounts = {
  stored: 0,
  folded: 0,
  malformed: 0,
  failed: 0,
  retired: 0,
  movedAside: 0,
  bytes: 0,
};

export function createSummaryStore(options: SummaryStoreOptions): SummaryStore {
  return new ThreadedStore(options);
}

interface Question {
  readonly resolve: (page: EventPage | SummaryPage) => void;
  readonly reject: (failure: StoreError) => void;
  readonly timer: NodeJS.Timeout;
}

class ThreadedStore implements SummaryStore {
  readonly name: string;
  lastSeq = 0;
  private readonly options: SummaryStoreOptions;
  private readonly task: StoreTask;
  private worker: Worker | undefined;
  private isReady = false;
  private queue: PackedEvent[] = [];
  private queuedBytes = 0;
  /** Events in each batch the thread has not answered for. */
  private unanswered: number[] = [];
  private readonly questions = new Map<number, Question>();
  private nextQuestion = 1;
  private isFlushing = false;
  private isStopping = false;
  private running: Promise<void> = Promise.resolve();
  private settlers: (() => void)[] = [];
  private taken = 0;
  private dropped = 0;
  private lost = 0;
  private threadStarts = 0;
  /** Of threads that have ended; `bytes` is a state, not a count. */
  private past: ThreadCounts = noCounts;
  private present: ThreadCounts = noCounts;

  constructor(options: SummaryStoreOptions) {
    this.options = options;
    this.name = `summary store ${options.path}`;
    this.task = { summaryStore: { path: options.path, limits: { ...defaultLimits, ...options.limits } } };
  }

  get isUp(): boolean {
    return this.isReady;
  }

  take(kind: EventKind, bytes: Uint8Array): number {
    this.taken += 1;
    this.lastSeq += 1;
    if (this.queuedBytes + bytes.length + overheadBytes > (this.options.queueBytes ?? 16 << 20)) {
      this.dropped += 1;
      return this.lastSeq;
    }
    const receivedMs = Number(this.options.clock.wallNs() / 1_000_000n);
    this.queue.push({ seq: this.lastSeq, kind, receivedMs, bytes });
    this.queuedBytes += bytes.length + overheadBytes;
    this.flushSoon();
    return this.lastSeq;
  }

  events(query: EventQuery): Promise<EventPage> {
    return this.ask((id) => ({ kind: 'events', id, query })) as Promise<EventPage>;
  }

  summaries(query: SummaryQuery): Promise<SummaryPage> {
    return this.ask((id) => ({ kind: 'summaries', id, query })) as Promise<SummaryPage>;
  }

  counts(): StoreCounts {
    const { past, present } = this;
    return {
      stored: past.stored + present.stored,
      folded: past.folded + present.folded,
      malformed: past.malformed + present.malformed,
      failed: past.failed + present.failed,
      retired: past.retired + present.retired,
      movedAside: past.movedAside + present.movedAside,
      bytes: present.bytes,
      taken: this.taken,
      dropped: this.dropped,
      lost: this.lost,
      waiting: this.queue.length,
      threadStarts: this.threadStarts,
    };
  }

  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.settlers.push(resolve);
      this.checkSettled();
    });
  }

  /** Resolves when the database is open: numbers go on where those of the last process ended. */
  start(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.running = this.keepRunning(signal, resolve, reject);
    });
  }

  async stop(): Promise<void> {
    // What was taken before the stop is worth a moment; a thread that hangs is not.
    const moment = new AbortController();
    if (this.isReady) await Promise.race([this.settled(), this.options.clock.sleep(2000, moment.signal)]);
    moment.abort();
    this.isStopping = true;
    this.post({ kind: 'close' });
    const hanging = setTimeout(() => void this.worker?.terminate(), 3000);
    await this.running;
    clearTimeout(hanging);
  }

  private async keepRunning(
    signal: AbortSignal,
    onReady: () => void,
    onNever: (failure: Error) => void,
  ): Promise<void> {
    const backoff = new Backoff({ firstMs: 200, maxMs: 10_000 }, Math.random);
    const stopped = (): boolean => signal.aborted || this.isStopping;
    let hasBeenReady = false;
    for (;;) {
      const failure = await this.runThread(() => {
        hasBeenReady = true;
        backoff.reset();
        onReady();
      });
      if (!hasBeenReady) {
        onNever(new StoreError('KA_STORE_FAILED', `${this.options.path}: ${failure}`));
        return;
      }
      if (stopped()) return;
      this.options.onNotice(`the thread of the store ended and is started again: ${failure}`);
      await this.options.clock.sleep(backoff.nextMs(), signal);
      if (stopped()) return;
    }
  }

  /** Resolves with the reason when the thread has ended. */
  private runThread(onReady: () => void): Promise<string> {
    const worker = new Worker(this.options.entry ?? new URL('./thread-entry.ts', import.meta.url), {
      workerData: this.task,
      execArgv: ['--conditions=ka-source', '--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    });
    this.worker = worker;
    this.threadStarts += 1;
    let reason = 'it ended by itself';
    worker.on('message', (message: FromThread) => this.hear(message, onReady));
    worker.on('error', (failure: Error) => (reason = failure.message));
    return new Promise((resolve) => {
      worker.once('exit', () => {
        this.afterThread();
        resolve(reason);
      });
    });
  }

  private hear(message: FromThread, onReady: () => void): void {
    switch (message.kind) {
      case 'ready':
        this.present = message.counts;
        this.lastSeq = Math.max(this.lastSeq, message.lastSeq);
        this.isReady = true;
        if (message.notice !== undefined) this.options.onNotice(message.notice);
        onReady();
        this.flushSoon();
        return;
      case 'done':
        this.present = message.counts;
        this.unanswered.shift();
        if (message.notice !== undefined) this.options.onNotice(message.notice);
        this.flush();
        this.checkSettled();
        return;
      case 'answer':
        this.settle(message.id)?.resolve(message.page);
        return;
      case 'failure':
        this.settle(message.id)?.reject(new StoreError('KA_STORE_FAILED', message.message));
    }
  }

  private afterThread(): void {
    this.worker = undefined;
    this.isReady = false;
    this.lost += this.unanswered.reduce((sum, count) => sum + count, 0);
    this.unanswered = [];
    const { past, present } = this;
    this.past = {
      stored: past.stored + present.stored,
      folded: past.folded + present.folded,
      malformed: past.malformed + present.malformed,
      failed: past.failed + present.failed,
      retired: past.retired + present.retired,
      movedAside: past.movedAside + present.movedAside,
      bytes: 0,
    };
    this.present = noCounts;
    for (const id of [...this.questions.keys()]) {
      this.settle(id)?.reject(new StoreError('KA_STORE_DOWN', 'the thread of the store ended'));
    }
    this.checkSettled();
  }

  private ask(toMessage: (id: number) => ToThread): Promise<EventPage | SummaryPage> {
    if (!this.isReady) return Promise.reject(new StoreError('KA_STORE_DOWN', 'the store is not up'));
    if (this.questions.size >= maxQuestions)
      return Promise.reject(new StoreError('KA_STORE_BUSY', `${String(maxQuestions)} questions wait`));
    const id = (this.nextQuestion += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.settle(id)?.reject(new StoreError('KA_STORE_BUSY', 'no answer within 10 s'));
      }, questionMs);
      this.questions.set(id, { resolve, reject, timer });
      // What was taken before the question is in its answer.
      this.flush();
      this.post(toMessage(id));
    });
  }

  private settle(id: number): Question | undefined {
    const question = this.questions.get(id);
    if (question === undefined) return undefined;
    clearTimeout(question.timer);
    this.questions.delete(id);
    return question;
  }

  /** After what is at hand: a burst becomes few batches. */
  private flushSoon(): void {
    if (this.isFlushing || !this.isReady) return;
    this.isFlushing = true;
    setTimeout(() => {
      this.isFlushing = false;
      this.flush();
    }, 5);
  }

  private flush(): void {
    while (this.isReady && this.queue.length > 0 && this.unanswered.length < maxUnanswered) {
      let count = 0;
      let bytes = 0;
      while (count < this.queue.length && count < batchEvents && bytes < batchBytes) {
        bytes += this.queue[count]!.bytes.length + overheadBytes;
        count += 1;
      }
      const batch = this.queue.slice(0, count);
      this.queue = this.queue.slice(count);
      this.queuedBytes -= bytes;
      this.unanswered.push(count);
      const packed = packBatch(batch);
      this.worker?.postMessage({ kind: 'batch', packed } satisfies ToThread, [packed]);
    }
  }

  private post(message: ToThread): void {
    this.worker?.postMessage(message);
  }

  private checkSettled(): void {
    const isSettled = this.unanswered.length === 0 && (this.queue.length === 0 || !this.isReady);
    if (!isSettled) return;
    for (const resolve of this.settlers.splice(0)) resolve();
  }
}
