import { Backoff, BoundedQueue, batches, Gate } from './index.ts';
import type { Timing } from './index.ts';

const never = new AbortController().signal;

/** Time that passes only when `pass` is called. */
function manualTiming(): Timing & { pass(ms: number): void } {
  let now = 0;
  const waiting: { due: number; wake: () => void }[] = [];
  return {
    nowMs: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        waiting.push({ due: now + ms, wake: resolve });
        signal.addEventListener('abort', () => resolve());
      }),
    pass: (ms) => {
      now += ms;
      for (const sleeper of waiting) if (sleeper.due <= now) sleeper.wake();
    },
  };
}

test.each([
  ['drop-oldest', [3, 4], 2],
  ['drop-newest', [1, 2], 2],
] as const)('a full %s queue keeps its bound and counts what it lost', (overflow, kept, dropped) => {
  const queue = new BoundedQueue<number>(2, overflow);
  expect([1, 2, 3, 4].map((item) => queue.push(item))).toEqual([true, true, false, false]);
  expect(queue.counts).toEqual({ pushed: 4, taken: 0, dropped });
  expect(queue.takeMany(9)).toEqual(kept);
  expect(queue.counts).toEqual({ pushed: 4, taken: 2, dropped });
});

test('a blocking queue makes the producer wait for room and loses nothing', async () => {
  const queue = new BoundedQueue<number>(1, 'block');
  expect(queue.push(1)).toBe(true);
  expect(queue.push(2)).toBe(false);
  const pushed = queue.pushWait(2, never);
  expect(queue.take()).toBe(1);
  expect(await pushed).toBe(true);
  expect(queue.take()).toBe(2);
  expect(queue.counts).toEqual({ pushed: 2, taken: 2, dropped: 0 });
});

test('a waiting producer is told when the queue closes or its signal fires', async () => {
  const queue = new BoundedQueue<number>(1, 'block');
  queue.push(1);
  const abort = new AbortController();
  const aborted = queue.pushWait(2, abort.signal);
  const closed = queue.pushWait(3, never);
  abort.abort();
  expect(await aborted).toBe(false);
  queue.close();
  expect(await closed).toBe(false);
  expect(queue.take()).toBe(1);
});

test('what is pushed after the close counts as lost', () => {
  const queue = new BoundedQueue<number>(4, 'drop-oldest');
  queue.close();
  expect(queue.push(1)).toBe(false);
  expect(queue.counts).toEqual({ pushed: 1, taken: 0, dropped: 1 });
});

test('a taker is woken by an item and by the close', async () => {
  const queue = new BoundedQueue<number>(2, 'drop-oldest');
  const first = queue.waitForItem(never);
  queue.push(7);
  expect(await first).toBe(true);
  queue.take();
  const second = queue.waitForItem(never);
  queue.close();
  expect(await second).toBe(false);
});

test('a queue without room is refused', () => {
  expect(() => new BoundedQueue(0, 'block')).toThrow(RangeError);
});

test('a full batch leaves at once, a partial one when its first item has waited long enough', async () => {
  const queue = new BoundedQueue<number>(10, 'drop-oldest');
  const timing = manualTiming();
  const stream = batches(queue, { maxItems: 3, maxDelayMs: 50 }, timing, never);
  for (const item of [1, 2, 3, 4]) queue.push(item);
  expect((await stream.next()).value).toEqual([1, 2, 3]);
  const partial = stream.next();
  await Promise.resolve();
  timing.pass(20);
  queue.push(5);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  timing.pass(30);
  expect((await partial).value).toEqual([4, 5]);
});

test('a closed queue gives its last batch and ends', async () => {
  const queue = new BoundedQueue<number>(10, 'drop-oldest');
  queue.push(1);
  queue.close();
  const seen: number[][] = [];
  for await (const batch of batches(queue, { maxItems: 3, maxDelayMs: 50 }, manualTiming(), never))
    seen.push(batch);
  expect(seen).toEqual([[1]]);
});

test('pauses double up to their bound, spread between half and whole, and start anew after a success', () => {
  const low = new Backoff({ firstMs: 100, maxMs: 1000 }, () => 0);
  expect([1, 2, 3, 4, 5, 6].map(() => low.nextMs())).toEqual([50, 100, 200, 400, 500, 500]);
  low.reset();
  expect(low.nextMs()).toBe(50);
  const high = new Backoff({ firstMs: 100, maxMs: 1000 }, () => 0.999999);
  expect([1, 2, 3, 4, 5].map(() => high.nextMs())).toEqual([100, 200, 400, 800, 1000]);
});

test('a thousand failures do not overflow the pause', () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 30_000 }, () => 0.5);
  for (let i = 0; i < 1000; i++) backoff.nextMs();
  expect(backoff.nextMs()).toBe(22_500);
});

test('a gate lets so many through at a time, in order, and no more after a double leave', async () => {
  const gate = new Gate(2);
  const inside: string[] = [];
  const enter = async (name: string): Promise<() => void> => {
    const leave = await gate.enter();
    inside.push(name);
    return leave;
  };
  const [a, b] = await Promise.all([enter('a'), enter('b')]);
  const c = enter('c');
  const d = enter('d');
  await Promise.resolve();
  expect(inside).toEqual(['a', 'b']);
  a();
  a();
  (await c)();
  await d;
  expect(inside).toEqual(['a', 'b', 'c', 'd']);
  b();
});
