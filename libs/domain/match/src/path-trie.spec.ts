import { compilePatterns, matches } from './walk.testing.ts';

const dir = (text: string, recursive: boolean) => ({ kind: 'directory' as const, dir: text, recursive });

test.each<[dir: string, recursive: boolean, path: string, expected: boolean]>([
  ['/a/b/', false, '/a/b', true],
  ['/a/b/', false, '/a/b/c', true],
  ['/a/b/', false, '/a/b/c/d', false],
  ['/a/b/', false, '/a/bc', false],
  ['/a/b/', false, '/a', false],
  ['/a/b/', true, '/a/b', true],
  ['/a/b/', true, '/a/b/c/d/e', true],
  ['/a/b/', true, '/a/bc/d', false],
  ['/', false, '/', true],
  ['/', false, '/a', true],
  ['/', false, '/a/b', false],
  ['/', true, '/', true],
  ['/', true, '/a/b/c', true],
])('directory %s (recursive: %s) on %s: %s', (text, recursive, path, expected) => {
  expect(matches(dir(text, recursive), path)).toBe(expected);
});

test('a path of 4,000 bytes and one of 1,000 components match', () => {
  const long = `/${'x'.repeat(3999)}`;
  const deep = '/ab'.repeat(1000);
  expect(matches({ kind: 'exact', path: long }, long)).toBe(true);
  expect(matches({ kind: 'exact', path: long }, long.slice(0, -1))).toBe(false);
  expect(matches(dir(`${deep}/`, true), `${deep}/c/d`)).toBe(true);
  expect(matches(dir('/ab/', true), deep)).toBe(true);
});

test('entries that nest 4,000 deep are no danger to the stack', () => {
  const patterns = Array.from({ length: 4000 }, (_, i) => ({
    kind: 'exact' as const,
    path: `/${'a'.repeat(i + 1)}`,
  }));
  expect(compilePatterns(patterns).table.length).toBe(4003);
});

test('states grow with the text of the rules, not with their number squared', () => {
  const paths = Array.from({ length: 2000 }, (_, i) => ({
    kind: 'exact' as const,
    path: `/usr/lib/package-${i}/data`,
  }));
  expect(compilePatterns(paths).table.length).toBeLessThan(2000 * 12);
});

test('equal endings are stored once', () => {
  const twins = compilePatterns([dir('/a/b/', true), dir('/a/b/', false)]).table.length;
  expect(twins).toBeLessThanOrEqual(compilePatterns([dir('/a/b/', true)]).table.length + 1);
});
