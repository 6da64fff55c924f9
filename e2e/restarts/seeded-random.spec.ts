import { createRandom } from './seeded-random.ts';

test('gives the same numbers for the same seed, all of them in range', () => {
  const draw = (seed: number): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 200 }, () => random(7));
  };
  expect(draw(42)).toEqual(draw(42));
  expect(draw(42)).not.toEqual(draw(43));
  expect(new Set(draw(0)).size).toBe(7);
  expect(Math.max(...draw(42))).toBe(6);
});
