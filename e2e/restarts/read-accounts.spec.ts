import { toAccounted } from './read-accounts.ts';

test('all but the open ones of both rings count, whatever else the dump says of them', () => {
  const bytes = (...words: readonly number[]): string[] =>
    words
      .flatMap((word) => [word & 0xff, word >> 8, 0, 0, 0, 0, 0, 0])
      .map((byte) => `0x${byte.toString(16)}`);
  const dump = JSON.stringify([
    { key: ['0x00'], value: bytes(0x1234, 4), formatted: { key: 0, value: { taken: 0x1234, open: 4 } } },
    { key: ['0x01'], value: bytes(9, 0) },
  ]);
  expect(toAccounted(dump)).toBe(0x1234n - 4n + 9n);
});
