import { PathCompiler } from './compile.ts';
import { OutcomeRows, ROW_WORDS } from './outcome-rows.ts';
import { toPathPattern } from './path-pattern.ts';
import { StateTable } from './state-table.ts';
import { compilePatterns } from './walk.testing.ts';

function compile(globs: readonly string[], globAutomata: number, states: number) {
  const rows = new OutcomeRows();
  const matchers = globs.map((glob, at) => {
    const parsed = toPathPattern({ kind: 'glob', glob });
    if (!parsed.ok) throw new Error(parsed.error.message);
    const row = new Uint32Array(ROW_WORDS);
    row[0] = at + 1;
    return { pattern: parsed.value, row: rows.intern(row) };
  });
  return new PathCompiler(new StateTable(), rows).compile(matchers, {
    globAutomata,
    glob: { states, work: 2_000_000 },
  });
}

const floating = Array.from({ length: 30 }, (_, i) => `/**key-${i}**part-${i}`);

test('globs that multiply each other are spread over several automata', () => {
  const compiled = compile(floating, 7, 4000);
  expect(compiled.ok).toBe(true);
  if (compiled.ok) expect(compiled.roots.length).toBeGreaterThan(1);
});

test('globs beyond the budget are named by their position', () => {
  const compiled = compile(floating, 1, 1000);
  expect(compiled.ok).toBe(false);
  if (compiled.ok) return;
  expect(compiled.tooMany.length).toBeGreaterThan(5);
  expect(compiled.tooMany.every((at) => at >= 0 && at < floating.length)).toBe(true);
});

test('a single glob that explodes is named, and tame ones come first', () => {
  const hostile = `/**a${'?'.repeat(20)}`;
  expect(compile(['/tame/*', hostile, '/tame/x*'], 1, 1000)).toEqual({ ok: false, tooMany: [1] });
});

test('hostile globs are all named at once', () => {
  const hostile = Array.from({ length: 40 }, (_, i) => `/**a${'?'.repeat(20)}${i}`);
  const compiled = compile(['/tame/*', ...hostile], 7, 4000);
  expect(compiled).toEqual({ ok: false, tooMany: hostile.map((_, i) => i + 1) });
});

test('few paths and globs share one automaton', () => {
  const patterns = [
    { kind: 'exact', path: '/etc/passwd' },
    { kind: 'directory', dir: '/run/', recursive: true },
    { kind: 'execname', name: 'apt' },
    { kind: 'glob', glob: '/**/*.key' },
  ] as const;
  expect(compilePatterns(patterns).roots).toHaveLength(1);
});

test('a thousand program names share one automaton', () => {
  const { roots, table } = compilePatterns(
    Array.from({ length: 1000 }, (_, i) => ({ kind: 'execname', name: `tool${i}` })),
  );
  expect(roots).toHaveLength(1);
  expect(table.length).toBeLessThan(3000);
});
