import { PeerBook } from './peer-book.ts';
import type { PeerHolder } from './peer-book.ts';

const pod = (name: string, sinceMs: number, ...ips: string[]): PeerHolder => ({
  kind: 'Pod',
  namespace: 'shop',
  name,
  uid: `uid-of-${name}`,
  ips,
  sinceMs,
});

test('an address names the pod that had it at the time of the event, not the one that has it now', () => {
  const book = new PeerBook();
  book.put(pod('first', 1000, '10.0.0.1', 'fd00::1'), 1000);
  book.remove('uid-of-first', 100_000);
  book.put(pod('second', 200_000, '10.0.0.1'), 200_000);
  expect(book.at('10.0.0.1', 50_000)?.name).toBe('first');
  expect(book.at('fd00::1', 50_000)).toMatchObject({ kind: 'Pod', namespace: 'shop', name: 'first' });
  expect(book.at('10.0.0.1', 250_000)?.name).toBe('second');
  // Nobody rather than a wrong one.
  expect(book.at('10.0.0.1', 150_000)).toBeUndefined();
  expect(book.at('fd00::1', 250_000)).toBeUndefined();
  expect(book.at('10.0.0.2', 50_000)).toBeUndefined();
});

test('a successor that is heard of before the end of its predecessor has the address', () => {
  const book = new PeerBook();
  book.put(pod('first', 1000, '10.0.0.1'), 1000);
  book.put(pod('second', 100_000, '10.0.0.1'), 100_000);
  expect(book.at('10.0.0.1', 110_000)?.name).toBe('second');
  expect(book.at('10.0.0.1', 50_000)?.name).toBe('first');
  // The end of the first, heard late, takes nothing from the second.
  book.remove('uid-of-first', 120_000);
  expect(book.at('10.0.0.1', 110_000)?.name).toBe('second');
  expect(book.at('10.0.0.1', 130_000)?.name).toBe('second');
});

test('a pod that was there before the relay is named from its start, and an address it got later from then on', () => {
  const book = new PeerBook();
  book.put(pod('old', 1000), 500_000);
  book.put(pod('old', 1000, '10.0.0.1'), 600_000);
  expect(book.at('10.0.0.1', 100_000)).toBeUndefined();
  expect(book.at('10.0.0.1', 600_000)?.name).toBe('old');
  book.put(pod('older', 1000, '10.0.0.2'), 600_000);
  expect(book.at('10.0.0.2', 100_000)?.name).toBe('older');
});

test('clocks that differ by a second lose no name', () => {
  const book = new PeerBook();
  book.put(pod('a', 10_000, '10.0.0.1'), 10_000);
  book.remove('uid-of-a', 20_000);
  expect([8500, 21_500].map((time) => book.at('10.0.0.1', time)?.name)).toEqual(['a', 'a']);
  expect([7000, 23_000].map((time) => book.at('10.0.0.1', time))).toEqual([undefined, undefined]);
});

test('the same pod told again changes nothing, whatever else of it changed', () => {
  const book = new PeerBook();
  for (let at = 0; at < 100; at++) book.put(pod('a', 1000, '10.0.0.1'), 1000 + at);
  expect(book.counts).toEqual({ held: 1, ended: 0, leftOut: 0 });
});

test('memory is bounded: by time, by what has ended, and by what is held, which is counted', () => {
  const book = new PeerBook({ maxAddresses: 3, maxEnded: 2, keepMs: 10_000 });
  for (let at = 0; at < 10; at++) {
    book.put(pod(`p${String(at)}`, at * 10, `10.0.0.${String(at)}`), at * 10);
    book.remove(`uid-of-p${String(at)}`, at * 10 + 5);
  }
  expect(book.counts).toEqual({ held: 0, ended: 2, leftOut: 0 });
  expect(book.at('10.0.0.9', 92)?.name).toBe('p9');
  expect(book.at('10.0.0.1', 12)).toBeUndefined();
  for (let at = 0; at < 5; at++) book.put(pod(`q${String(at)}`, 0, `10.1.0.${String(at)}`), 100);
  expect(book.counts).toEqual({ held: 3, ended: 2, leftOut: 2 });
  book.remove('uid-of-q0', 20_000);
  expect(book.counts).toEqual({ held: 2, ended: 1, leftOut: 2 });
});
