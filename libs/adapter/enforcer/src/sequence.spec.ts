import fc from 'fast-check';
import { Sequence } from './index.ts';

const begun = (window?: number): Sequence => new Sequence({ taken: 0n, open: 0n }, window);

const feed = (sequence: Sequence, numbers: readonly number[]): bigint =>
  numbers.reduce((lost, n) => lost + sequence.arrived(BigInt(n)), 0n);

const periods = (sequence: Sequence, count: number): bigint[] =>
  Array.from({ length: count }, () => sequence.settle());

test('records in order lose nothing', () => {
  const sequence = begun();
  expect(feed(sequence, [1, 2, 3])).toBe(0n);
  expect(sequence.account).toEqual({ taken: 3n, open: 0n });
});

test('records that overtake each other are not losses', () => {
  const sequence = begun();
  expect(feed(sequence, [2, 1, 4, 3])).toBe(0n);
  expect(periods(sequence, 3)).toEqual([0n, 0n, 0n]);
  expect(sequence.account).toEqual({ taken: 4n, open: 0n });
});

test('a record that came is accounted for at once, whatever is missing before it', () => {
  const sequence = begun();
  feed(sequence, [1, 5, 3]);
  expect(sequence.account).toEqual({ taken: 5n, open: 2n });
  feed(sequence, [2]);
  expect(sequence.account).toEqual({ taken: 5n, open: 1n });
});

test('a number that stays away for a period is one loss, told once', () => {
  const sequence = begun();
  expect(feed(sequence, [1, 3])).toBe(0n);
  expect(periods(sequence, 3)).toEqual([0n, 1n, 0n]);
  expect(sequence.account).toEqual({ taken: 3n, open: 0n });
});

test('a burst behind a gap settles it at once', () => {
  const sequence = begun(4);
  expect(feed(sequence, [11, 12, 13])).toBe(0n);
  expect(sequence.account).toEqual({ taken: 13n, open: 10n });
  expect(feed(sequence, [14])).toBe(10n);
  expect(sequence.account).toEqual({ taken: 14n, open: 0n });
});

test('only numbers before all that came are given up for a burst', () => {
  const sequence = begun(4);
  expect(feed(sequence, [3, 6, 7])).toBe(0n);
  expect(feed(sequence, [8])).toBe(2n);
  expect(sequence.account).toEqual({ taken: 8n, open: 2n });
  expect(feed(sequence, [4, 5])).toBe(0n);
  expect(sequence.account).toEqual({ taken: 8n, open: 0n });
});

test('records that went out while nobody read are counted from the hello, even if none follows', () => {
  const sequence = new Sequence({ taken: 10n, open: 0n });
  sequence.restart(25n, 0n);
  // A number may have been given out just before the hello and its record not be in the ring yet.
  expect(periods(sequence, 3)).toEqual([0n, 15n, 0n]);
  expect(sequence.account).toEqual({ taken: 25n, open: 0n });
});

test('the end of a burst that was lost is counted once the ring has been quiet', () => {
  const sequence = begun();
  expect(feed(sequence, [1, 2, 3])).toBe(0n);
  sequence.produced(8n);
  expect(periods(sequence, 4)).toEqual([0n, 0n, 5n, 0n]);
  expect(sequence.account).toEqual({ taken: 8n, open: 0n });
});

test('records that are still on their way when the kernel is asked are not lost', () => {
  const sequence = begun();
  sequence.produced(5n);
  expect(periods(sequence, 2)).toEqual([0n, 0n]);
  expect(feed(sequence, [1, 2])).toBe(0n);
  expect(periods(sequence, 2)).toEqual([0n, 0n]);
  expect(feed(sequence, [3, 4, 5])).toBe(0n);
  expect(periods(sequence, 3)).toEqual([0n, 0n, 0n]);
  expect(sequence.account).toEqual({ taken: 5n, open: 0n });
});

test('records that still wait in the ring at a restart are not lost', () => {
  const sequence = new Sequence({ taken: 10n, open: 0n });
  sequence.restart(25n, 5n);
  expect(periods(sequence, 4)).toEqual([0n, 0n, 0n, 0n]);
  expect(feed(sequence, [21, 22, 23, 24, 25])).toBe(0n);
  expect(periods(sequence, 3)).toEqual([10n, 0n, 0n]);
});

test('a record that waits and cannot be read holds nothing up: it is lost', () => {
  const sequence = begun();
  sequence.restart(2n, 2n);
  feed(sequence, [1]);
  sequence.unreadable();
  expect(periods(sequence, 3)).toEqual([0n, 1n, 0n]);
});

describe('what the agent before left open', () => {
  test('comes late, or is told as lost, once', () => {
    const sequence = new Sequence({ taken: 100n, open: 3n });
    sequence.restart(100n, 1n);
    expect(sequence.account).toEqual({ taken: 100n, open: 3n });
    expect(feed(sequence, [40])).toBe(0n);
    expect(sequence.account).toEqual({ taken: 100n, open: 2n });
    expect(periods(sequence, 3)).toEqual([0n, 2n, 0n]);
    expect(sequence.account).toEqual({ taken: 100n, open: 0n });
  });

  test('is told with what went out while nobody read', () => {
    const sequence = new Sequence({ taken: 100n, open: 3n });
    sequence.restart(110n, 2n);
    expect(feed(sequence, [99, 110])).toBe(0n);
    expect(sequence.account).toEqual({ taken: 110n, open: 11n });
    expect(periods(sequence, 3)).toEqual([0n, 11n, 0n]);
    expect(sequence.account).toEqual({ taken: 110n, open: 0n });
  });

  test('is not paid for by a late record of our own', () => {
    const sequence = new Sequence({ taken: 10n, open: 1n }, 2);
    sequence.restart(13n, 3n);
    expect(feed(sequence, [12, 13])).toBe(1n);
    expect(feed(sequence, [11])).toBe(0n);
    expect(sequence.account).toEqual({ taken: 13n, open: 1n });
  });

  test('is not forgotten when the enforcer starts again', () => {
    const sequence = new Sequence({ taken: 10n, open: 2n });
    sequence.restart(10n, 0n);
    expect(periods(sequence, 1)).toEqual([0n]);
    sequence.restart(12n, 1n);
    expect(periods(sequence, 2)).toEqual([0n, 0n]);
    feed(sequence, [9]);
    expect(periods(sequence, 2)).toEqual([3n, 0n]);
  });
});

test('numbers that begin again leave nothing of the old ones open', () => {
  const sequence = new Sequence({ taken: 100n, open: 2n });
  sequence.restart(105n, 0n);
  feed(sequence, [103]);
  sequence.produced(108n);
  expect(sequence.beginAgain()).toBe(9n);
  sequence.restart(200n, 0n);
  expect(sequence.account).toEqual({ taken: 0n, open: 0n });
  expect(periods(sequence, 3)).toEqual([0n, 200n, 0n]);
});

test('whatever arrives in whatever order, losses are exactly what is missing', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      fc.integer({ min: 2, max: 300 }),
      (numbers, spread) => {
        // Shuffled no further than the window allows.
        const sequence = begun(spread + 201);
        let lost = feed(sequence, numbers);
        const highest = Math.max(...numbers);
        expect(sequence.account).toEqual({ taken: BigInt(highest), open: BigInt(highest - numbers.length) });
        lost += sequence.settle() + sequence.settle();
        expect(lost).toBe(BigInt(highest - numbers.length));
        expect(sequence.account).toEqual({ taken: BigInt(highest), open: 0n });
      },
    ),
  );
});

test('what is kept is bounded by the window, whatever the numbers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt(1n, (1n << 64n) - 1n)),
      fc.integer({ min: 1, max: 8 }),
      (numbers, window) => {
        const sequence = begun(window);
        for (const seq of numbers) {
          sequence.arrived(seq);
          expect(sequence.keptNumbers).toBeLessThan(window);
          expect(sequence.account.open).toBeLessThanOrEqual(sequence.account.taken);
        }
      },
    ),
  );
});
