import { NO_SLASH, type ByteSet, type GlobToken } from './glob.ts';
import type { OutcomeRows, RowId } from './outcome-rows.ts';

/** Where a node may stay. */
export const LOOP_NONE = 0;
export const LOOP_COMPONENT = 1;
export const LOOP_ANY = 2;

/** The set of `LOOP_COMPONENT` and of `?`: numbered 0 in every automaton. */
export const NO_SLASH_SET = 0;

interface Node {
  loop: number;
  accept: RowId;
  /** Loop nodes reached without a byte; at most one of each kind. */
  stars: number[];
  bytes: Map<number, number>;
  sets: Map<number, number>;
}

/**
 * Globs as one nondeterministic automaton, shaped as a trie of tokens: globs with a common beginning share its nodes,
 * which keeps the sets of the subset construction small. Node 0 is the start.
 */
export class GlobNfa {
  readonly nodes: Node[] = [];
  readonly sets: ByteSet[] = [];
  private readonly setIds = new Map<string, number>();
  private readonly rows: OutcomeRows;

  constructor(rows: OutcomeRows) {
    this.rows = rows;
    this.node(LOOP_NONE);
    this.setId(NO_SLASH);
  }

  add(tokens: readonly GlobToken[], accept: RowId): void {
    let at = 0;
    for (const token of tokens) at = this.step(at, token);
    const node = this.nodes[at]!;
    node.accept = this.rows.merge(node.accept, accept);
  }

  private node(loop: number): number {
    this.nodes.push({ loop, accept: 0, stars: [], bytes: new Map(), sets: new Map() });
    return this.nodes.length - 1;
  }

  private step(at: number, token: GlobToken): number {
    const node = this.nodes[at]!;
    if (token.kind === 'byte') return this.child(node.bytes, token.byte);
    if (token.kind === 'set') return this.child(node.sets, this.setId(token.set));
    const loop = token.slashes ? LOOP_ANY : LOOP_COMPONENT;
    const known = node.stars.find((star) => this.nodes[star]!.loop === loop);
    if (known !== undefined) return known;
    const made = this.node(loop);
    node.stars.push(made);
    return made;
  }

  private child(children: Map<number, number>, key: number): number {
    const known = children.get(key);
    if (known !== undefined) return known;
    const made = this.node(LOOP_NONE);
    children.set(key, made);
    return made;
  }

  private setId(set: ByteSet): number {
    const key = `${set.inverted ? '^' : ''}${set.members.join(',')}`;
    const known = this.setIds.get(key);
    if (known !== undefined) return known;
    this.sets.push(set);
    this.setIds.set(key, this.sets.length - 1);
    return this.sets.length - 1;
  }
}
