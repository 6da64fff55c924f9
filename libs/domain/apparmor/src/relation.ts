import { OutcomeRows, PathCompiler, ROW_WORDS, StateTable, type StateId } from '@kubearmor-ts/match';
import type { Region, RegionPattern } from './region.ts';

/** How the paths of one region lie to those of another. `unknown`: their globs are too hard to tell. */
export type Relation = 'disjoint' | 'within' | 'overlapping' | 'unknown';

const SLASH = 0x2f;
const BUDGET = { states: 4_096, work: 1_000_000 };
const IN_INNER = 1;
const IN_OUTER = 2;

/** Compares regions, each pair of globs once and no more than `comparisons` of them. */
export class Relations {
  private readonly known = new Map<string, Relation>();
  private left: number;

  constructor(comparisons = 20_000) {
    this.left = comparisons;
  }

  /** Where `inner` lies as seen from `outer`. */
  of(inner: Region, outer: Region): Relation {
    if (inner.key === outer.key) return 'within';
    const easy = pathRelation(inner.pattern, outer.pattern);
    if (easy !== undefined) return easy;
    const key = `${inner.key}\0${outer.key}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.left === 0) return 'unknown';
    this.left -= 1;
    const found = compare(inner.pattern, outer.pattern);
    this.known.set(key, found);
    return found;
  }
}

function pathRelation(inner: RegionPattern, outer: RegionPattern): Relation | undefined {
  if (inner.kind === 'glob' || outer.kind === 'glob') return undefined;
  const depth = depthBelow(inner.path, outer);
  if (depth !== undefined) {
    if (inner.kind === 'exact' || outerReaches(outer, depth + (inner.recursive ? Infinity : 1))) {
      return outerReaches(outer, depth) ? 'within' : 'disjoint';
    }
    return outerReaches(outer, depth) ? 'overlapping' : 'disjoint';
  }
  const up = depthBelow(outer.path, inner);
  return up !== undefined && outerReaches(inner, up) ? 'overlapping' : 'disjoint';
}

/** How many components `path` lies below the place of a pattern; undefined when it does not. */
function depthBelow(path: Uint8Array, { path: top }: { readonly path: Uint8Array }): number | undefined {
  const base = top.length === 1 && top[0] === SLASH ? 0 : top.length;
  const isRootItself = path.length === 1 && path[0] === SLASH;
  for (let i = 0; i < base; i++) if (path[i] !== top[i]) return undefined;
  if (isRootItself || path.length === base) return 0;
  if (path[base] !== SLASH) return undefined;
  let depth = 0;
  for (let i = base; i < path.length; i++) if (path[i] === SLASH) depth += 1;
  return depth;
}

function outerReaches(outer: Exclude<RegionPattern, { kind: 'glob' }>, depth: number): boolean {
  return depth <= (outer.kind === 'exact' ? 0 : outer.recursive ? Infinity : 1);
}

/** Walks both automata over every path that can be: absolute, without empty components, no slash at the end. */
function compare(inner: RegionPattern, outer: RegionPattern): Relation {
  const table = new StateTable();
  const rows = new OutcomeRows();
  const row = (bit: number): number => {
    const words = new Uint32Array(ROW_WORDS);
    words[bit] = 1;
    return rows.intern(words);
  };
  const compiled = new PathCompiler(table, rows).compile(
    [
      { pattern: inner, row: row(IN_INNER) },
      { pattern: outer, row: row(IN_OUTER) },
    ],
    { globAutomata: 1, glob: BUDGET },
  );
  if (!compiled.ok) return 'unknown';
  let isDisjoint = true;
  let isWithin = true;
  const seen = new Set<string>();
  const queue: {
    readonly states: readonly StateId[];
    readonly afterSlash: boolean;
    readonly isRoot: boolean;
  }[] = [];
  const visit = (states: readonly StateId[], afterSlash: boolean, isRoot: boolean): void => {
    const key = `${states.join(',')} ${afterSlash} ${isRoot}`;
    if (seen.has(key)) return;
    seen.add(key);
    queue.push({ states, afterSlash, isRoot });
  };
  visit(
    compiled.roots.map((root) => table.next(root, SLASH)),
    true,
    true,
  );
  for (let at = 0; at < queue.length; at++) {
    if (seen.size > 2 * BUDGET.states) return 'unknown';
    const { states, afterSlash, isRoot } = queue[at]!;
    if (!afterSlash || isRoot) {
      const has = (bit: number): boolean =>
        states.some((state) => rows.row(table.row.items[state]!)[bit] === 1);
      if (has(IN_INNER)) {
        if (has(IN_OUTER)) isDisjoint = false;
        else isWithin = false;
      }
    }
    for (const byte of nextBytes(table, states)) {
      if (byte === SLASH && afterSlash) continue;
      visit(
        states.map((state) => table.next(state, byte)),
        byte === SLASH,
        false,
      );
    }
  }
  return isDisjoint ? 'disjoint' : isWithin ? 'within' : 'overlapping';
}

/** One byte for each way on: those with edges, and one that has none. */
function nextBytes(table: StateTable, states: readonly StateId[]): ReadonlySet<number> {
  const bytes = new Set<number>([SLASH]);
  for (const state of states) {
    const begin = table.edgeBegin.items[state]!;
    for (let e = begin; e < begin + table.edgeCount.items[state]!; e++) bytes.add(table.edgeByte.items[e]!);
  }
  for (let byte = 1; byte < 256; byte++) {
    if (!bytes.has(byte)) {
      bytes.add(byte);
      break;
    }
  }
  bytes.delete(0);
  return bytes;
}
