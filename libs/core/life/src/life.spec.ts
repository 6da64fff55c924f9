import { FakeClock, ServiceTree, createRealClock } from './index.ts';
import type { Service } from './index.ts';

function recorded(name: string, log: string[], failing?: 'start' | 'stop'): Service {
  return {
    name,
    start: (signal) => {
      if (failing === 'start') return Promise.reject(new Error('no port'));
      log.push(`start ${name}`);
      signal.addEventListener('abort', () => log.push(`abort ${name}`));
      return Promise.resolve();
    },
    stop: () => {
      log.push(`stop ${name}`);
      return failing === 'stop' ? Promise.reject(new Error('stuck')) : Promise.resolve();
    },
  };
}

test('parts start in order, hear the signal, and stop in reverse', async () => {
  const log: string[] = [];
  const tree = new ServiceTree('app', [recorded('a', log), recorded('b', log)]);
  await tree.start(new AbortController().signal);
  await tree.stop();
  await tree.stop();
  expect(log).toEqual(['start a', 'start b', 'abort a', 'abort b', 'stop b', 'stop a']);
});

test('a part that does not start leaves nothing running and is named', async () => {
  const log: string[] = [];
  const tree = new ServiceTree('app', [recorded('a', log), recorded('b', log, 'start'), recorded('c', log)]);
  await expect(tree.start(new AbortController().signal)).rejects.toThrow('b did not start: no port');
  expect(log).toEqual(['start a', 'abort a', 'stop a']);
});

test('a part that does not stop does not keep the others running', async () => {
  const log: string[] = [];
  const tree = new ServiceTree('app', [recorded('a', log), recorded('b', log, 'stop')]);
  await tree.start(new AbortController().signal);
  await expect(tree.stop()).rejects.toThrow('1 parts did not stop');
  expect(log).toContain('stop a');
});

test('a fake clock wakes sleepers in the order of their time', async () => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const woken: number[] = [];
  for (const ms of [30, 10, 20]) void clock.sleep(ms, signal).then(() => woken.push(ms));
  await clock.advance(25);
  expect(woken).toEqual([10, 20]);
  expect(clock.nowMs()).toBe(25);
  expect(clock.nextDueMs).toBe(30);
});

test.each([
  ['fake', new FakeClock()],
  ['real', createRealClock()],
])('a signal ends a sleep on the %s clock at once', async (_name, clock) => {
  const abort = new AbortController();
  const slept = clock.sleep(3_600_000, abort.signal);
  abort.abort();
  await slept;
  await clock.sleep(3_600_000, abort.signal);
});

test('the real clock tells Unix time', () => {
  expect(Math.abs(Number(createRealClock().wallNs() / 1_000_000n) - Date.now())).toBeLessThan(1000);
});
