import { determinize, type Automaton, type Budget } from './determinize.ts';
import { SLASH, type GlobToken } from './glob.ts';
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

/** Up to this much text of paths is worth an automaton together with the globs, if it stays below so many states. */
const JOINT_PATH_BYTES = 16_384;
const JOINT_STATES = 8_192;

/** Start states, or the positions of the globs that found no room. */
export type Compiled =
  | { readonly ok: true; readonly roots: readonly StateId[] }
  | { readonly ok: false; readonly tooMany: readonly number[] };

type Packed =
  | { readonly ok: true; readonly automata: readonly Automaton[] }
  | { readonly ok: false; readonly tooMany: readonly number[] };

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

  /**
   * At most one automaton for paths and directories, first, then those for globs; few of both share a single one,
   * because every automaton is walked on every access.
   */
  compile(matchers: readonly Matcher[], limits: CompileLimits): Compiled {
    const globs = globsByHardness(matchers);
    const joint = globs.length === 0 ? undefined : this.joint(matchers, limits.glob);
    if (joint !== undefined) return { ok: true, roots: [this.append(joint)] };
    const packed = this.packGlobs(globs, limits);
    if (!packed.ok) return packed;
    const paths = this.compilePaths(matchers);
    const roots = packed.automata.map((automaton) => this.append(automaton));
    return { ok: true, roots: paths === undefined ? roots : [paths, ...roots] };
  }

  private append(automaton: Automaton): StateId {
    return appendMinimal(automaton, this.table, (row) => this.trie.sink(row));
  }

  private joint(matchers: readonly Matcher[], budget: Budget): Automaton | undefined {
    let bytes = 0;
    for (const { pattern } of matchers) if ('path' in pattern) bytes += pattern.path.length;
    if (bytes > JOINT_PATH_BYTES) return undefined;
    const nfa = new GlobNfa(this.rows);
    for (const { pattern, row } of matchers) for (const tokens of alternatives(pattern)) nfa.add(tokens, row);
    return determinize(nfa, this.rows, { states: Math.min(JOINT_STATES, budget.states), work: budget.work });
  }

  /** The automaton of the exact paths and directories alone; undefined when there are none. */
  compilePaths(matchers: readonly Matcher[]): StateId | undefined {
    const entries = this.entries(matchers);
    return entries.length === 0 ? undefined : this.trie.add(entries);
  }

  private entries(matchers: readonly Matcher[]): readonly PathEntry[] {
    const placed: { readonly path: Uint8Array; readonly matcher: Matcher }[] = [];
    for (const matcher of matchers)
      if ('path' in matcher.pattern) placed.push({ path: matcher.pattern.path, matcher });
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

  /** One automaton if that is possible, else one after the other as full as the budget lets, tame globs first. */
  private packGlobs(globs: readonly Glob[], limits: CompileLimits): Packed {
    if (globs.length === 0) return { ok: true, automata: [] };
    const whole = limits.globAutomata > 0 ? this.subsets(globs, limits.glob) : undefined;
    if (whole !== undefined) return { ok: true, automata: [whole] };
    const hostile = this.hostile(globs, limits.glob);
    if (hostile.length > 0) return { ok: false, tooMany: hostile };
    const automata: Automaton[] = [];
    let guess = (globs.length + 1) >>> 1;
    for (let at = 0; at < globs.length;) {
      const left = limits.globAutomata - automata.length;
      const run = left > 0 ? this.longestRun(globs.slice(at), guess, limits.glob, left < 3) : undefined;
      if (run === undefined) return { ok: false, tooMany: globs.slice(at).map((glob) => glob.position) };
      automata.push(run.automaton);
      at += run.count;
      guess = run.count;
    }
    return { ok: true, automata };
  }

  /** Globs that alone take a quarter of what an automaton may have: they leave no room for others. */
  private hostile(globs: readonly Glob[], { states, work }: Budget): readonly number[] {
    const alone: Budget = { states: states >>> 2, work: work >>> 2 };
    return globs.filter((glob) => this.subsets([glob], alone) === undefined).map(({ position }) => position);
  }

  /** The most globs from the front that fit; a few less than that while automata are plenty, to save attempts. */
  private longestRun(
    globs: readonly Glob[],
    guess: number,
    budget: Budget,
    isScarce: boolean,
  ): { automaton: Automaton; count: number } | undefined {
    let fits = 0;
    let automaton: Automaton | undefined;
    let fails = globs.length + 1;
    let count = Math.min(guess, globs.length);
    let isTight = false;
    while (fits + 1 < fails && !isTight) {
      const tried = this.subsets(globs.slice(0, count), budget);
      if (tried === undefined) {
        fails = count;
      } else {
        automaton = tried;
        fits = count;
      }
      const isBounded = fails <= globs.length;
      isTight = isBounded && !isScarce && fits > 0 && fails - fits <= 1 + (fits >>> 4);
      count = isBounded ? (fits + fails) >>> 1 : Math.min(fits * 2, globs.length);
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

/** Any pattern as alternatives of tokens. A directory is itself, or a slash and what may follow it. */
function alternatives(pattern: PathPattern): readonly (readonly GlobToken[])[] {
  if (pattern.kind === 'never') return [];
  if (pattern.kind === 'glob') return pattern.alternatives;
  const path = Array.from(pattern.path, (byte): GlobToken => ({ kind: 'byte', byte }));
  if (pattern.kind === 'exact') return [path];
  const below: readonly GlobToken[] = [
    ...path,
    { kind: 'byte', byte: SLASH },
    { kind: 'many', slashes: pattern.recursive },
  ];
  return path.length === 0 ? [below] : [path, below];
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
