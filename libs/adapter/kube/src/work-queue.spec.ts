import { FakeClock } from '@kubearmor-ts/life';
import { WorkQueue } from './index.ts';
import type { WorkQueueOptions } from './index.ts';

function queueOf(more: Partial<WorkQueueOptions> = {}) {
  const clock = new FakeClock();
  const queue = new WorkQueue<string>({ clock, random: () => 1, ...more });
  const end = new AbortController();
  const seen: string[] = [];
  return { clock, queue, end, seen };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a key added many times while it waits is worked on once', async () => {
  const { queue, end, seen } = queueOf();
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key);
  const running = queue.run(async (key) => void seen.push(key), { workers: 2, signal: end.signal });
  await settle();
  expect(seen).toEqual(['a', 'b']);
  expect(queue.counts).toMatchObject({ added: 2, merged: 2, done: 2 });
  end.abort();
  await running;
});

test('a key is never worked on twice at a time, and comes again when it was added meanwhile', async () => {
  const { queue, end, seen } = queueOf();
  let release: () => void = () => undefined;
  const running = queue.run(
    (key) => {
      seen.push(key);
      return new Promise((resolve) => {
        release = resolve;
      });
    },
    { workers: 4, signal: end.signal },
  );
  queue.add('a');
  await settle();
  queue.add('a');
  queue.add('a');
  await settle();
  expect(seen).toEqual(['a']);
  release();
  await settle();
  expect(seen).toEqual(['a', 'a']);
  release();
  await settle();
  expect(queue.size).toBe(0);
  end.abort();
  await running;
});

test('of several delays the earliest holds, and an add without one beats them all', async () => {
  const { clock, queue, end, seen } = queueOf();
  const running = queue.run(async (key) => void seen.push(`${key} ${clock.nowMs()}`), {
    workers: 1,
    signal: end.signal,
  });
  queue.addAfter('a', 500);
  queue.addAfter('a', 200);
  queue.addAfter('a', 900);
  queue.addAfter('b', 300);
  queue.add('b');
  await settle();
  await clock.advance(2000);
  await settle();
  expect(seen).toEqual(['b 0', 'a 200']);
  end.abort();
  await running;
});

test('a key that fails comes again after growing pauses, until it succeeds', async () => {
  const { clock, queue, end } = queueOf({ firstRetryMs: 100, maxRetryMs: 300 });
  const times: number[] = [];
  const running = queue.run(
    () => {
      times.push(clock.nowMs());
      return times.length === 5 ? Promise.resolve() : Promise.reject(new Error('no'));
    },
    { workers: 1, signal: end.signal },
  );
  queue.add('a');
  for (let waited = 0; waited < 2000; waited += 50) {
    await settle();
    await clock.advance(50);
  }
  expect(times).toEqual([0, 100, 300, 600, 900]);
  expect(queue.counts).toMatchObject({ failed: 4, done: 1 });
  end.abort();
  await running;
});

test('work starts no faster than its rate once the burst is used up', async () => {
  const { clock, queue, end, seen } = queueOf({ perSecond: 2, burst: 3 });
  for (let at = 0; at < 10; at++) queue.add(`k${at}`);
  const running = queue.run(async (key) => void seen.push(key), { workers: 4, signal: end.signal });
  await settle();
  expect(seen).toHaveLength(3);
  for (let waited = 0; waited < 2000; waited += 250) {
    await clock.advance(250);
    await settle();
  }
  expect(seen).toHaveLength(7);
  end.abort();
  await running;
});

test('after shutdown work that has begun ends, what waits stays and nothing is taken in', async () => {
  const { queue, end, seen } = queueOf();
  let release: () => void = () => undefined;
  const running = queue.run(
    (key) => {
      seen.push(key);
      return new Promise((resolve) => {
        release = resolve;
      });
    },
    { workers: 1, signal: end.signal },
  );
  queue.add('a');
  queue.add('b');
  await settle();
  queue.shutDown();
  expect(queue.add('c')).toBe(false);
  release();
  await running;
  expect(seen).toEqual(['a']);
});

test('a full queue refuses new keys, counts them, and still takes those it knows', () => {
  const { queue } = queueOf({ capacity: 2 });
  expect([queue.add('a'), queue.addAfter('b', 100), queue.add('c'), queue.add('b')]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect(queue.counts.refused).toBe(1);
});
