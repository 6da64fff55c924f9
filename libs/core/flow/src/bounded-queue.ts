/** What a full queue does with one more item. */
export type Overflow = 'drop-oldest' | 'drop-newest' | 'block';

export interface QueueCounts {
  readonly pushed: number;
  readonly taken: number;
  readonly dropped: number;
}

/**
 * First in, first out, never more than `capacity` items.
 *
 *  1. pushed = taken + dropped + size, at every moment.
 *  2. A closed queue takes no more; what it holds can still be taken.
 *  3. Only `block` makes a producer wait, and only in `pushWait`.
 */
export class BoundedQueue<T> {
  readonly capacity: number;
  readonly overflow: Overflow;
  private readonly ring: (T | undefined)[];
  private head = 0;
  private count = 0;
  private pushed = 0;
  private taken = 0;
  private dropped = 0;
  private closed = false;
  private readonly takers: (() => void)[] = [];
  private readonly pushers: (() => void)[] = [];

  constructor(capacity: number, overflow: Overflow) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError('a queue holds at least one item');
    this.capacity = capacity;
    this.overflow = overflow;
    this.ring = new Array<T | undefined>(capacity);
  }

  get size(): number {
    return this.count;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  get counts(): QueueCounts {
    return { pushed: this.pushed, taken: this.taken, dropped: this.dropped };
  }

  /** False when the item, or with drop-oldest an older one, was lost. A full `block` queue refuses without counting. */
  push(item: T): boolean {
    if (this.closed) {
      this.pushed += 1;
      this.dropped += 1;
      return false;
    }
    const isFull = this.count === this.capacity;
    if (isFull && this.overflow === 'block') return false;
    this.pushed += 1;
    if (isFull && this.overflow === 'drop-newest') {
      this.dropped += 1;
      return false;
    }
    if (isFull) {
      this.dropped += 1;
      this.removeHead();
    }
    this.ring[(this.head + this.count) % this.capacity] = item;
    this.count += 1;
    this.takers.shift()?.();
    return !isFull;
  }

  /** Waits for room. Resolves to false when the queue was closed or the signal fired first; nothing is lost then. */
  async pushWait(item: T, signal: AbortSignal): Promise<boolean> {
    while (this.count === this.capacity && !this.closed && !signal.aborted)
      await parked(this.pushers, signal);
    if (this.closed || signal.aborted) return false;
    return this.push(item);
  }

  take(): T | undefined {
    if (this.count === 0) return undefined;
    this.taken += 1;
    const item = this.removeHead();
    this.pushers.shift()?.();
    return item;
  }

  /** Up to `limit` items at once. */
  takeMany(limit: number): T[] {
    const items: T[] = [];
    while (items.length < limit && this.count > 0) items.push(this.take() as T);
    return items;
  }

  /** Waits until there is something to take; false when there never will be, or the signal fired. */
  async waitForItem(signal: AbortSignal): Promise<boolean> {
    while (this.count === 0 && !this.closed && !signal.aborted) await parked(this.takers, signal);
    return this.count > 0 && !signal.aborted;
  }

  close(): void {
    this.closed = true;
    for (const wake of [...this.takers.splice(0), ...this.pushers.splice(0)]) wake();
  }

  private removeHead(): T {
    const item = this.ring[this.head] as T;
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) % this.capacity;
    this.count -= 1;
    return item;
  }
}

function parked(waiters: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const abort = (): void => {
      const at = waiters.indexOf(wake);
      if (at >= 0) waiters.splice(at, 1);
      resolve();
    };
    waiters.push(wake);
    signal.addEventListener('abort', abort, { once: true });
  });
}
