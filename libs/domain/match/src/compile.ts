import { determinize, type Automaton, type Budget } from './determinize.ts';
import { GlobNfa } from './glob-nfa.ts';
import { appendMinimal } from './minimize.ts';
import type { OutcomeRows, RowId } from './outcome-rows.ts';
import type { PathPattern } from './path-pattern.ts';
import { PathTrie, type PathEntry } from './path-trie.ts';
import type { StateId, StateTable } from './state-table.ts';

/** A pattern and what it says where it matches. */
export interface Matcher {
  readonly pattern: PathPattern;
  readonly row: RowId;
}

/** Bounds of one compilation. */
export interface CompileLimits {
  /** Automata for globs and program names beside the one for paths and directories. */
  readonly globAutomata: number;
  /** What one glob automaton may cost. */
  readonly glob: Budget;
}

/** Start states, or the positions of the globs that found no room. */
export type Compiled = { readonly ok: true; readonly roots: readonly StateId[] } | { readonly ok: false; readonly tooMany: readonly number[] };

/** Compiles sets of matchers into one table. Automata of one compiler share states; make one per kind of outcome. */
export class PathCompiler {
  private readonly table: StateTable;
  private readonly rows: OutcomeRows;
  private readonly trie: PathTrie;

  constructor(table: StateTable, rows: OutcomeRows) {
    this.table = table;
    this.rows = rows;
    this.trie = new PathTrie(table, rows);
  }

  /** At most one automaton for paths and directories, first, then those for globs. */
  compile(matchers: readonly Matcher[], limits: CompileLimits): Compiled {
    const packed = this.packGlobs(globsByHardness(matchers), limits);
    if (!packed.ok) return packed;
    const roots: StateId[] = [];
    const paths = this.compilePaths(matchers);
    if (paths !== undefined) roots.push(paths);
    for (const automaton of packed.automata) {
      roots.push(appendMinimal(automaton, this.table, (row) => this.trie.sink(row)));
    }
    return { ok: true, roots };
  }

  /** The automaton of the exact paths and directories alone; undefined when there are none. */
  compilePaths(matchers: readonly Matcher[]): StateId | undefined {
    const entries = this.entries(matchers);
    return entries.length === 0 ? undefined : this.trie.add(entries);
  }

  private entries(matchers: readonly Matcher[]): readonly PathEntry[] {
    const placed: { readonly path: Uint8Array; readonly matcher: Matcher }[] = [];
    for (const matcher of matchers) if ('path' in matcher.pattern) placed.push({ path: matcher.pattern.path, matcher });
    placed.sort((a, b) => compareBytes(a.path, b.path));
    const entries: PathEntry[] = [];
    for (const { path, matcher } of placed) {
      let entry = entries.at(-1);
      if (entry === undefined || compareBytes(entry.path, path) !== 0) {
        entry = { path, exact: 0, children: 0, subtree: 0 };
        entries.push(entry);
      }
      const { pattern, row } = matcher;
      const part = pattern.kind !== 'directory' ? 'exact' : pattern.recursive ? 'subtree' : 'children';
      entry[part] = this.rows.merge(entry[part], row);
    }
    return entries;
  }

  /** Fills one automaton after the other with the longest run of globs, tame ones first, that its budget lets. */
  private packGlobs(
    globs: readonly Glob[],
    limits: CompileLimits,
  ): { readonly ok: true; readonly automata: readonly Automaton[] } | { readonly ok: false; readonly tooMany: readonly number[] } {
    const automata: Automaton[] = [];
    let at = 0;
    while (at < globs.length) {
      if (automata.length === limits.globAutomata) return { ok: false, tooMany: globs.slice(at).map((glob) => glob.position) };
      const run = this.longestRun(globs, at, limits.glob);
      if (run === undefined) return { ok: false, tooMany: [globs[at]!.position] };
      automata.push(run.automaton);
      at += run.count;
    }
    return { ok: true, automata };
  }

  private longestRun(globs: readonly Glob[], from: number, budget: Budget): { automaton: Automaton; count: number } | undefined {
    let fits = 0;
    let automaton: Automaton | undefined;
    let fails = globs.length - from + 1;
    let count = globs.length - from;
    while (fits + 1 < fails) {
      const tried = this.subsets(globs.slice(from, from + count), budget);
      if (tried === undefined) {
        fails = count;
      } else {
        automaton = tried;
        fits = count;
      }
      count = (fits + fails) >>> 1;
    }
    return automaton === undefined ? undefined : { automaton, count: fits };
  }

  private subsets(globs: readonly Glob[], budget: Budget): Automaton | undefined {
    const nfa = new GlobNfa(this.rows);
    for (const { pattern, row } of globs) for (const tokens of pattern.alternatives) nfa.add(tokens, row);
    return determinize(nfa, this.rows, budget);
  }
}

interface Glob {
  readonly pattern: Extract<PathPattern, { kind: 'glob' }>;
  readonly row: RowId;
  readonly position: number;
  readonly hardness: number;
}

/**
 * Globs that float least come first. A glob floats where text follows a run of stars: each such part doubles what an
 * automaton may have to remember, while globs with a fixed beginning or a single floating part add up.
 */
function globsByHardness(matchers: readonly Matcher[]): readonly Glob[] {
  const globs: Glob[] = [];
  for (const [position, { pattern, row }] of matchers.entries()) {
    if (pattern.kind !== 'glob') continue;
    let hardness = 0;
    for (const tokens of pattern.alternatives) {
      let floating = 0;
      for (let i = 0; i < tokens.length; i++) {
        const token = tokens[i]!;
        if (token.kind === 'many' && i + 1 < tokens.length) floating += token.slashes ? 16 : 1;
      }
      hardness = Math.max(hardness, floating);
    }
    globs.push({ pattern, row, position, hardness });
  }
  return globs.sort((a, b) => a.hardness - b.hardness || a.position - b.position);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
