import type { Pattern } from '@kubearmor-ts/policy';
import { PathCompiler, type CompileLimits } from './compile.ts';
import { OutcomeRows, ROW_WORDS } from './outcome-rows.ts';
import { toPathPattern } from './path-pattern.ts';
import { StateTable, type StateId } from './state-table.ts';

export const roomy: CompileLimits = { globAutomata: 7, glob: { states: 20_000, work: 6_000_000 } };

export interface CompiledPatterns {
  readonly table: StateTable;
  readonly rows: OutcomeRows;
  readonly roots: readonly StateId[];
}

/** Compiles patterns so that pattern n sets bit n of the first word: what a path ends with is the set that matches it. */
export function compilePatterns(patterns: readonly Pattern[], limits = roomy): CompiledPatterns {
  const table = new StateTable();
  const rows = new OutcomeRows();
  const matchers = patterns.map((pattern, at) => {
    const parsed = toPathPattern(pattern);
    if (!parsed.ok) throw new Error(parsed.error.message);
    const row = new Uint32Array(ROW_WORDS);
    row[at % ROW_WORDS] = at + 1;
    return { pattern: parsed.value, row: rows.intern(row) };
  });
  const compiled = new PathCompiler(table, rows).compile(matchers, limits);
  if (!compiled.ok) throw new Error(`no room for ${compiled.tooMany.join(', ')}`);
  return { table, rows, roots: compiled.roots };
}

/** The greatest word per cell over all automata after walking a path. */
export function outcome({ table, rows, roots }: CompiledPatterns, path: Uint8Array): readonly number[] {
  const words = new Array<number>(ROW_WORDS).fill(0);
  for (const root of roots) {
    let state = root;
    for (const byte of path) state = table.next(state, byte);
    for (const [i, word] of rows.row(table.row.items[state]!).entries()) words[i] = Math.max(words[i]!, word);
  }
  return words;
}

export const matches = (pattern: Pattern, path: string | Uint8Array): boolean =>
  outcome(compilePatterns([pattern]), typeof path === 'string' ? new TextEncoder().encode(path) : path)[0] ===
  1;
