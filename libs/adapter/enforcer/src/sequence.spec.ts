import fc from 'fast-check';
import { Sequence } from './index.ts';

const feed = (sequence: Sequence, numbers: readonly number[]): bigint =>
  numbers.reduce((lost, n) => lost + sequence.arrived(BigInt(n)), 0n);

test('records in order lose nothing', () => {
  const sequence = new Sequence(0n);
  expect(feed(sequence, [1, 2, 3])).toBe(0n);
  expect(sequence.settled).toBe(3n);
});

test('records that overtake each other are not losses', () => {
  const sequence = new Sequence(0n);
  expect(feed(sequence, [2, 1, 4, 3])).toBe(0n);
  expect(sequence.settle() + sequence.settle()).toBe(0n);
  expect(sequence.settled).toBe(4n);
});

test('a number that stays away for a period is one loss, told once', () => {
  const sequence = new Sequence(0n);
  expect(feed(sequence, [1, 3])).toBe(0n);
  expect(sequence.settle()).toBe(0n);
  expect(sequence.settle()).toBe(1n);
  expect(sequence.settle()).toBe(0n);
  expect(sequence.settled).toBe(3n);
});

test('a burst behind a gap settles it at once', () => {
  const sequence = new Sequence(0n, 4);
  expect(feed(sequence, [11, 12, 13])).toBe(0n);
  expect(feed(sequence, [14])).toBe(4n);
  expect(sequence.settle()).toBe(0n);
  expect(sequence.settle()).toBe(6n);
  expect(sequence.settled).toBe(14n);
});

test('records that went out while nobody read are counted from the hello, even if none follows', () => {
  const sequence = new Sequence(10n);
  sequence.restart(25n, 0n);
  expect(sequence.settle()).toBe(15n);
  expect(sequence.settled).toBe(25n);
});

test('the end of a burst that was lost is counted once the ring has been quiet', () => {
  const sequence = new Sequence(0n);
  expect(feed(sequence, [1, 2, 3])).toBe(0n);
  sequence.produced(8n);
  expect([1, 2, 3, 4].map(() => sequence.settle())).toEqual([0n, 0n, 5n, 0n]);
  expect(sequence.settled).toBe(8n);
});

test('records that are still on their way when the kernel is asked are not lost', () => {
  const sequence = new Sequence(0n);
  sequence.produced(5n);
  expect(sequence.settle() + sequence.settle()).toBe(0n);
  expect(feed(sequence, [1, 2])).toBe(0n);
  expect(sequence.settle() + sequence.settle()).toBe(0n);
  expect(feed(sequence, [3, 4, 5])).toBe(0n);
  expect(sequence.settle() + sequence.settle() + sequence.settle()).toBe(0n);
  expect(sequence.settled).toBe(5n);
});

test('records that still wait in the ring at a restart are not lost', () => {
  const sequence = new Sequence(10n);
  sequence.restart(25n, 5n);
  expect(sequence.settle()).toBe(0n);
  expect(feed(sequence, [21, 22, 23, 24, 25])).toBe(0n);
  expect(sequence.settle() + sequence.settle()).toBe(10n);
});

test('kernel programs loaded anew start their numbers again', () => {
  const sequence = new Sequence(100n);
  sequence.restart(0n, 0n);
  expect(feed(sequence, [1, 2])).toBe(0n);
  expect(sequence.settled).toBe(2n);
});

test('whatever arrives in whatever order, losses are exactly what is missing', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
      fc.integer({ min: 2, max: 300 }),
      (numbers, spread) => {
        // Shuffled no further than the window allows.
        const sequence = new Sequence(0n, spread + 201);
        let lost = feed(sequence, numbers);
        lost += sequence.settle() + sequence.settle();
        expect(lost).toBe(BigInt(Math.max(...numbers) - numbers.length));
        expect(sequence.settled).toBe(BigInt(Math.max(...numbers)));
      },
    ),
  );
});
