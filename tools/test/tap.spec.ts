import { parseTap } from './tap.ts';
import { add, closingLine, nothing } from './tally.ts';

test('counts passes, failures and skips with their reasons', () => {
  expect(
    parseTap('c', '1..3\nok 1 - adds\nnot ok 2 - subtracts\nok 3 - divides # SKIP no divider\n'),
  ).toEqual({
    passed: 1,
    failed: ['c: subtracts'],
    skipped: [{ name: 'c: divides', reason: 'no divider' }],
  });
});

test('a suite that dies before its last test fails', () => {
  expect(parseTap('c', '1..3\nok 1 - adds\n').failed).toEqual(['c: planned 3 tests, reported 1']);
});

test('a suite that printed nothing fails', () => {
  expect(parseTap('c', '').failed).toEqual(['c: printed no plan line']);
});

test('tallies add up to the closing line', () => {
  const sum = add(add(nothing, { passed: 2, failed: ['x'], skipped: [] }), {
    passed: 1,
    failed: [],
    skipped: [{ name: 'y', reason: 'z' }],
  });
  expect(closingLine(sum)).toBe('3 passed, 1 failed, 1 skipped');
});
