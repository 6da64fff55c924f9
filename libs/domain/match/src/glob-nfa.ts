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

/** Lists of node n: from `…Begin[n]` to `…Begin[n + 1]`. */
export interface FlatNfa {
  readonly size: number;
  readonly loop: Uint8Array;
  readonly accept: Int32Array;
  readonly starBegin: Int32Array;
  readonly star: Int32Array;
  readonly byteBegin: Int32Array;
  readonly byte: Int32Array;
  readonly byteTarget: Int32Array;
  readonly setBegin: Int32Array;
  readonly set: Int32Array;
  readonly setTarget: Int32Array;
}

function begins(nodes: readonly Node[], count: (node: Node) => number): Int32Array {
  const begin = new Int32Array(nodes.length + 1);
  for (const [at, node] of nodes.entries()) begin[at + 1] = begin[at]! + count(node);
  return begin;
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

  /** The automaton in arrays, for walking it fast. */
  flat(): FlatNfa {
    const size = this.nodes.length;
    return {
      size,
      loop: Uint8Array.from(this.nodes, (node) => node.loop),
      accept: Int32Array.from(this.nodes, (node) => node.accept),
      starBegin: begins(this.nodes, (node) => node.stars.length),
      star: Int32Array.from(this.nodes.flatMap((node) => node.stars)),
      byteBegin: begins(this.nodes, (node) => node.bytes.size),
      byte: Int32Array.from(this.nodes.flatMap((node) => [...node.bytes.keys()])),
      byteTarget: Int32Array.from(this.nodes.flatMap((node) => [...node.bytes.values()])),
      setBegin: begins(this.nodes, (node) => node.sets.size),
      set: Int32Array.from(this.nodes.flatMap((node) => [...node.sets.keys()])),
      setTarget: Int32Array.from(this.nodes.flatMap((node) => [...node.sets.values()])),
    };
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
