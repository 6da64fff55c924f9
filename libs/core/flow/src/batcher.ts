import type { BoundedQueue } from './bounded-queue.ts';
import type { Timing } from './timing.ts';

export interface BatchLimits {
  readonly maxItems: number;
  /** How long the first item of a batch waits for company. */
  readonly maxDelayMs: number;
}

/**
 * Batches from a queue: at most `maxItems`, sooner when the first has waited `maxDelayMs`, never empty. The stream
 * ends when the queue is closed and empty, or the signal fires.
 */
export async function* batches<T>(
  queue: BoundedQueue<T>,
  limits: BatchLimits,
  timing: Timing,
  signal: AbortSignal,
): AsyncGenerator<T[], void, undefined> {
  while (await queue.waitForItem(signal)) {
    const batch = queue.takeMany(limits.maxItems);
    const deadline = timing.nowMs() + limits.maxDelayMs;
    while (batch.length < limits.maxItems && !queue.isClosed) {
      const left = deadline - timing.nowMs();
      if (left <= 0 || !(await arrives(queue, left, timing, signal))) break;
      batch.push(...queue.takeMany(limits.maxItems - batch.length));
    }
    yield batch;
  }
}

async function arrives<T>(
  queue: BoundedQueue<T>,
  ms: number,
  timing: Timing,
  signal: AbortSignal,
): Promise<boolean> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  try {
    await Promise.race([queue.waitForItem(either), timing.sleep(ms, either)]);
    return queue.size > 0;
  } finally {
    done.abort();
  }
}
