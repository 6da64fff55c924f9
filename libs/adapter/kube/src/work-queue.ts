import type { Clock } from '@kubearmor-ts/life';
import { Backoff } from '@kubearmor-ts/flow';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Pauses of `retry`, grown for each key by itself. */
  readonly firstRetryMs?: number;
  readonly maxRetryMs?: number;
  /** Starts of work per second over all keys, and how many may come at once. */
  readonly perSecond?: number;
  readonly burst?: number;
  /** Keys waiting, delayed or in work; more are refused and counted. */
  readonly capacity?: number;
  readonly onFailure?: (key: string, cause: unknown) => void;
}

export interface WorkQueueCounts {
  added: number;
  merged: number;
  refused: number;
  started: number;
  done: number;
  failed: number;
}

/**
 * Keys of objects that have to be looked at.
 *
 *  1. A key is never worked on twice at a time. Added while in work, it comes again afterwards, once.
 *  2. A key that waits is there once, however often it is added; the earliest of its delays holds.
 *  3. After `shutDown` nothing is taken in; work that has begun is waited for.
 */
export class WorkQueue<K extends string> {
  readonly counts: WorkQueueCounts = { added: 0, merged: 0, refused: 0, started: 0, done: 0, failed: 0 };
  private readonly options: WorkQueueOptions;
  private readonly ready = new Set<K>();
  private readonly inWork = new Set<K>();
  private readonly again = new Set<K>();
  private readonly delayed = new Map<K, number>();
  private readonly retries = new Map<K, Backoff>();
  private readonly closed = new AbortController();
  private turn = new AbortController();
  private tokens: number;
  private filledMs: number;

  constructor(options: WorkQueueOptions) {
    this.options = options;
    this.tokens = this.burst;
    this.filledMs = options.clock.nowMs();
  }

  /** Keys that wait for their turn or their time, and those in work. */
  get size(): number {
    return this.ready.size + this.delayed.size + this.inWork.size;
  }

  /** False when it was refused. */
  add(key: K): boolean {
    if (!this.admit(key)) return false;
    this.delayed.delete(key);
    if (this.ready.has(key) || this.again.has(key)) {
      this.counts.merged += 1;
      return true;
    }
    this.counts.added += 1;
    if (this.inWork.has(key)) this.again.add(key);
    else this.ready.add(key);
    this.wake();
    return true;
  }

  addAfter(key: K, ms: number): boolean {
    if (ms <= 0) return this.add(key);
    if (!this.admit(key)) return false;
    if (this.ready.has(key) || this.again.has(key)) {
      this.counts.merged += 1;
      return true;
    }
    const dueMs = this.options.clock.nowMs() + ms;
    const known = this.delayed.get(key);
    if (known === undefined) this.counts.added += 1;
    else this.counts.merged += 1;
    if (known === undefined || dueMs < known) this.delayed.set(key, dueMs);
    this.wake();
    return true;
  }

  /** After a pause that grows with every retry of this key until `forget`. */
  retry(key: K): boolean {
    const backoff = this.retries.get(key) ?? this.newBackoff();
    const isTaken = this.addAfter(key, backoff.nextMs());
    if (isTaken) this.retries.set(key, backoff);
    return isTaken;
  }

  forget(key: K): void {
    this.retries.delete(key);
  }

  shutDown(): void {
    this.closed.abort();
    this.wake();
  }

  /**
   * Works until `shutDown` or the signal, on up to `workers` keys at a time. A handler that succeeds makes the key's
   * retries forgotten; one that rejects has the key retried.
   */
  async run(
    handle: (key: K, signal: AbortSignal) => Promise<void>,
    { workers, signal }: { readonly workers: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const end = AbortSignal.any([signal, this.closed.signal]);
    await Promise.all(Array.from({ length: workers }, () => this.work(handle, end, signal)));
  }

  private async work(
    handle: (key: K, signal: AbortSignal) => Promise<void>,
    end: AbortSignal,
    signal: AbortSignal,
  ): Promise<void> {
    for (let key = await this.take(end); key !== undefined; key = await this.take(end)) {
      this.counts.started += 1;
      try {
        await handle(key, signal);
        this.counts.done += 1;
        this.forget(key);
        this.finish(key);
      } catch (cause) {
        this.counts.failed += 1;
        this.options.onFailure?.(key, cause);
        this.finish(key);
        this.retry(key);
      }
    }
  }

  private finish(key: K): void {
    this.inWork.delete(key);
    if (this.again.delete(key) && !this.closed.signal.aborted) this.ready.add(key);
    this.wake();
  }

  private async take(end: AbortSignal): Promise<K | undefined> {
    while (!end.aborted) {
      const turn = this.turn;
      this.moveDue();
      const waitMs = this.ready.size > 0 ? this.tokenWaitMs() : this.untilDueMs();
      const key = this.ready.values().next().value;
      if (key !== undefined && waitMs === 0) {
        this.tokens -= 1;
        this.ready.delete(key);
        this.inWork.add(key);
        return key;
      }
      const signal = AbortSignal.any([end, turn.signal]);
      if (waitMs === undefined) await aborted(signal);
      else await this.options.clock.sleep(waitMs, signal);
    }
    return undefined;
  }

  private moveDue(): void {
    const nowMs = this.options.clock.nowMs();
    for (const [key, dueMs] of this.delayed) {
      if (dueMs > nowMs) continue;
      this.delayed.delete(key);
      if (this.inWork.has(key)) this.again.add(key);
      else this.ready.add(key);
    }
  }

  private untilDueMs(): number | undefined {
    let first: number | undefined;
    for (const dueMs of this.delayed.values()) if (first === undefined || dueMs < first) first = dueMs;
    return first === undefined ? undefined : Math.max(1, first - this.options.clock.nowMs());
  }

  private tokenWaitMs(): number {
    const { perSecond, clock } = this.options;
    if (perSecond === undefined) return 0;
    const nowMs = clock.nowMs();
    this.tokens = Math.min(this.burst, this.tokens + ((nowMs - this.filledMs) / 1000) * perSecond);
    this.filledMs = nowMs;
    // Slack for the sums of fractions: a wait that came to its end has earned its token.
    return this.tokens >= 1 - 1e-6 ? 0 : Math.max(1, Math.ceil(((1 - this.tokens) / perSecond) * 1000));
  }

  private admit(key: K): boolean {
    if (this.closed.signal.aborted) return false;
    const isKnown = this.ready.has(key) || this.delayed.has(key) || this.inWork.has(key);
    if (isKnown || this.size < (this.options.capacity ?? 100_000)) return true;
    this.counts.refused += 1;
    return false;
  }

  private newBackoff(): Backoff {
    const { firstRetryMs = 100, maxRetryMs = 60_000, random } = this.options;
    return new Backoff({ firstMs: firstRetryMs, maxMs: maxRetryMs }, random);
  }

  private get burst(): number {
    return this.options.burst ?? Math.max(1, this.options.perSecond ?? 1);
  }

  private wake(): void {
    const turn = this.turn;
    this.turn = new AbortController();
    turn.abort();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
