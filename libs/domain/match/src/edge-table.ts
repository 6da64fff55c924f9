import type { StateTable } from './state-table.ts';

/*
 * Row displacement: the edges of all states laid over each other in one table, each state at a base where its edges
 * fall on free slots. The owner kept in a slot tells whose it is, so bases may repeat and gaps are no edges.
 *
 * Invariants
 *  1. base + 255 lies in the table for every state with edges, so a look-up by any byte stays inside.
 *  2. A slot belongs to at most one state.
 */

export interface EdgeTable {
  /** Number of slots; a slot is free where `owner` is negative. */
  readonly length: number;
  readonly owner: Int32Array;
  readonly target: Int32Array;
  /** First slot of each state's 256, or -1 for a state without edges. */
  readonly base: Int32Array;
}

/** How many words of the bitmap are looked at for a state with several edges before it goes to fresh ground. */
const SEARCH_WORDS = 64;

export function packEdges(states: StateTable): EdgeTable {
  const count = states.length;
  const edges = states.edgeTarget.length;
  const base = new Int32Array(count).fill(-1);
  if (edges === 0) return { length: 0, owner: new Int32Array(0), target: new Int32Array(0), base };
  const slots = new FreeSlots(edges * 2 + 512);
  let end = 0;
  const place = (state: number, at: number): void => {
    base[state] = at;
    const from = states.edgeBegin.items[state]!;
    for (let e = from; e < from + states.edgeCount.items[state]!; e++)
      slots.take(at + states.edgeByte.items[e]!);
    end = Math.max(end, at + 256);
  };
  for (const state of widestFirst(states)) {
    const from = states.edgeBegin.items[state]!;
    const width = states.edgeCount.items[state]!;
    place(
      state,
      width === 1
        ? slots.single(states.edgeByte.items[from]!)
        : slots.fit(states.edgeByte.items, from, width),
    );
  }
  return fill(states, base, end);
}

function fill(states: StateTable, base: Int32Array, length: number): EdgeTable {
  const owner = new Int32Array(length).fill(-1);
  const target = new Int32Array(length);
  for (let state = 0; state < states.length; state++) {
    const from = states.edgeBegin.items[state]!;
    for (let e = from; e < from + states.edgeCount.items[state]!; e++) {
      const slot = base[state]! + states.edgeByte.items[e]!;
      owner[slot] = state;
      target[slot] = states.edgeTarget.items[e]!;
    }
  }
  return { length, owner, target, base };
}

/** States with edges, those with most first; equal ones in their order. Single edges then fill the gaps. */
function widestFirst(states: StateTable): Int32Array {
  const begin = new Int32Array(258);
  for (let s = 0; s < states.length; s++) begin[257 - states.edgeCount.items[s]!]! += 1;
  for (let w = 1; w < begin.length; w++) begin[w]! += begin[w - 1]!;
  const order = new Int32Array(begin[256]!);
  for (let s = 0; s < states.length; s++) {
    const width = states.edgeCount.items[s]!;
    if (width > 0) order[begin[256 - width]!++] = s;
  }
  return order;
}

class FreeSlots {
  /** One bit per slot, set when taken. */
  private taken: Int32Array;
  /** For bytes 32·n … 32·n + 31: the word where the search for a single edge goes on. */
  private readonly singleFrom = Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  /** Where the search for a state of several edges begins; it follows the crowd. */
  private searchFrom = 0;

  constructor(slots: number) {
    this.taken = new Int32Array((slots >>> 5) + 16);
  }

  take(slot: number): void {
    const word = slot >>> 5;
    if (word + 16 >= this.taken.length) this.grow(word + 17);
    this.taken[word]! |= 1 << (slot & 31);
  }

  /** A base for a single edge: the next free slot that leaves the base at 0 or above. */
  single(byte: number): number {
    const group = byte >>> 5;
    for (let word = this.singleFrom[group]!; ; word++) {
      let free = ~this.word(word);
      if (word === group) free &= -1 << (byte & 31);
      if (free === 0) continue;
      this.singleFrom[group] = word;
      return word * 32 + lowestBit(free) - byte;
    }
  }

  /** A base for several edges, 32 candidates at a time. */
  fit(bytes: Int32Array, from: number, count: number): number {
    let word = this.searchFrom;
    for (let tries = 0; ; tries++, word++) {
      let blocked = 0;
      for (let e = from; e < from + count && blocked !== -1; e++)
        blocked |= this.window(word * 32 + bytes[e]!);
      if (blocked !== -1) {
        if (tries > SEARCH_WORDS) this.searchFrom += tries >>> 1;
        return word * 32 + lowestBit(~blocked);
      }
    }
  }

  private word(index: number): number {
    return index < this.taken.length ? this.taken[index]! : 0;
  }

  /** The 32 bits from this slot on. */
  private window(slot: number): number {
    const word = slot >>> 5;
    const shift = slot & 31;
    const low = this.word(word);
    return shift === 0 ? low : (low >>> shift) | (this.word(word + 1) << (32 - shift));
  }

  private grow(words: number): void {
    const grown = new Int32Array(Math.max(words, this.taken.length * 2));
    grown.set(this.taken);
    this.taken = grown;
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
