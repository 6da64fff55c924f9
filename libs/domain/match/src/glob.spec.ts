import { parseGlob } from './glob.ts';
import { toPathPattern } from './path-pattern.ts';
import { matches } from './walk.testing.ts';

const glob = (text: string) => ({ kind: 'glob' as const, glob: text });

test.each<[glob: string, path: string, expected: boolean]>([
  ['/etc/*hado?', '/etc/shadow', true],
  ['/etc/*hado?', '/etc/gshadow', true],
  ['/etc/*hado?', '/etc/shado', false],
  ['/etc/*hado?', '/etc/x/shadow', false],
  ['/etc/*', '/etc/passwd', true],
  ['/etc/*', '/etc/', false],
  ['/etc/*', '/etc', false],
  ['/etc/*', '/etc/a/b', false],
  ['/etc/**', '/etc/a/b', true],
  ['/etc/**', '/etc/', false],
  ['/etc/**', '/etc', false],
  ['/**', '/', false],
  ['/**', '/a', true],
  ['/*/x', '/a/x', true],
  ['/*/x', '//x', false],
  ['/**/x', '/a/b/x', true],
  ['/**/x', '/x', false],
  ['/a*', '/a', true],
  ['/a**', '/a/b/c', true],
  ['/a**z', '/az', true],
  ['/a***z', '/a/b/z', true],
  ['/home/*/.ssh/**', '/home/me/.ssh/id', true],
  ['/home/*/.ssh/**', '/home/.ssh/id', false],
  ['/a?c', '/abc', true],
  ['/a?c', '/a/c', false],
  ['/a?c', '/aéc', false],
  ['/a??c', '/aéc', true],
  ['/é', '/é', true],
  ['/[abc]', '/b', true],
  ['/[a-c]x', '/cx', true],
  ['/[a-c]x', '/dx', false],
  ['/[^a-c]x', '/dx', true],
  ['/[^a-c]x', '/ax', false],
  ['/x[^a]y', '/x/y', true],
  ['/[a-]', '/-', true],
  ['/[-a]', '/-', true],
  ['/[a^]', '/^', true],
  ['/[\\]]', '/]', true],
  ['/[*?{]', '/{', true],
  ['/{a,b}', '/a', true],
  ['/{a,b}', '/b', true],
  ['/{a,b}', '/{a,b}', false],
  ['/{,usr/}bin/sh', '/bin/sh', true],
  ['/{,usr/}bin/sh', '/usr/bin/sh', true],
  ['/{a{b,c},d}e', '/ace', true],
  ['/{a{b,c},d}e', '/de', true],
  ['/{a{b,c},d}e', '/ae', false],
  ['/{a,**}/z', '/q/r/z', true],
  ['{/a,/b}c', '/bc', true],
  ['/a,b', '/a,b', true],
  ['/\\*', '/*', true],
  ['/\\*', '/a', false],
  ['/\\{a\\}', '/{a}', true],
  ['/a\\\\b', '/a\\b', true],
  ['**/x', '/a/x', true],
  ['/[a-z]+\\W', '/q+W', true],
  ['/a.c', '/abc', false],
  ['/$(x)|^', '/$(x)|^', true],
])('glob %s on %s: %s', (text, path, expected) => {
  expect(matches(glob(text), path)).toBe(expected);
});

test('a glob reaches names that are not UTF-8', () => {
  expect(
    matches(glob('/tmp/a*b'), Uint8Array.of(...Buffer.from('/tmp/a'), 0xff, 0xfe, ...Buffer.from('b'))),
  ).toBe(true);
});

test.each<[glob: string, code: string, column: number]>([
  ['', 'KA_MATCH_EMPTY', 1],
  ['/a\\', 'KA_MATCH_TRAILING_BACKSLASH', 3],
  ['/a[bc', 'KA_MATCH_UNCLOSED_BRACKET', 3],
  ['/a[bc\\]', 'KA_MATCH_UNCLOSED_BRACKET', 3],
  ['/a[b-', 'KA_MATCH_UNCLOSED_BRACKET', 3],
  ['/a[b\\', 'KA_MATCH_UNCLOSED_BRACKET', 3],
  ['/a[]', 'KA_MATCH_EMPTY_BRACKET', 3],
  ['/a[^]', 'KA_MATCH_EMPTY_BRACKET', 3],
  ['/ab]', 'KA_MATCH_UNOPENED_BRACKET', 4],
  ['/[z-a]', 'KA_MATCH_BACKWARD_RANGE', 4],
  ['/é[é]', 'KA_MATCH_NON_ASCII_BRACKET', 4],
  ['/x/{a,b', 'KA_MATCH_UNCLOSED_BRACE', 4],
  ['/x/{a,{b}', 'KA_MATCH_UNCLOSED_BRACE', 4],
  ['/x}', 'KA_MATCH_UNOPENED_BRACE', 3],
  [`/${'{a,'.repeat(51)}b${'}'.repeat(51)}`, 'KA_MATCH_NESTED_TOO_DEEP', 152],
  [`/${'{a,b}'.repeat(11)}`, 'KA_MATCH_TOO_MANY_ALTERNATIVES', 2],
  [`/${'a'.repeat(4095)}`, 'KA_MATCH_TOO_LONG', 4096],
])('glob %s is refused with %s at column %d', (text, code, column) => {
  const parsed = parseGlob(text);
  expect(parsed).toMatchObject({ ok: false, error: { code, column, place: `column ${column}` } });
  if (!parsed.ok) expect(parsed.error.message.length).toBeLessThan(400);
});

test.each<[kind: string, text: string, reason: string]>([
  ['glob', 'mysqld', 'PatternNotAbsolute'],
  ['glob', '*', 'PatternNotAbsolute'],
  ['glob', '^/proc/*/maps$', 'PatternNotAbsolute'],
  ['glob', '/tmp/*/', 'PatternEndsInSlash'],
  ['exact', 'bin/sh', 'PatternNotAbsolute'],
  ['exact', '/a//b', 'PathNotCanonical'],
  ['exact', '/a/./b', 'PathNotCanonical'],
  ['exact', '/a/..', 'PathNotCanonical'],
  ['exact', '/a/', 'PathNotCanonical'],
  ['directory', '/a//', 'PathNotCanonical'],
  ['directory', 'a/', 'PatternNotAbsolute'],
])('the %s %s is accepted and said to match nothing: %s', (kind, text, reason) => {
  const pattern =
    kind === 'glob'
      ? glob(text)
      : kind === 'exact'
        ? { kind: 'exact' as const, path: text }
        : { kind: 'directory' as const, dir: text, recursive: true };
  expect(toPathPattern(pattern)).toEqual({ ok: true, value: { kind: 'never', reason } });
});

test('names with dots are canonical paths', () => {
  for (const path of ['/.', '/..'])
    expect(toPathPattern({ kind: 'exact', path })).toMatchObject({ value: { kind: 'never' } });
  for (const path of ['/.a', '/..a', '/a.', '/a..b', '/...'])
    expect(toPathPattern({ kind: 'exact', path })).toMatchObject({ value: { kind: 'exact' } });
});

test('a program name with a slash and a word are refused as path patterns', () => {
  expect(toPathPattern({ kind: 'execname', name: 'a/b' })).toMatchObject({
    ok: false,
    error: { code: 'KA_MATCH_SLASH_IN_NAME', column: 2 },
  });
  expect(toPathPattern({ kind: 'word', word: 'TCP' })).toMatchObject({
    ok: false,
    error: { code: 'KA_MATCH_NO_PATH' },
  });
});
