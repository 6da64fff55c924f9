import { LOOP_ANY, LOOP_NONE, NO_SLASH_SET, type FlatNfa, type GlobNfa } from './glob-nfa.ts';
import type { ByteSet } from './glob.ts';
import { IntList } from './int-list.ts';
import type { OutcomeRows } from './outcome-rows.ts';
import { StateTable, type StateId } from './state-table.ts';

const ALL_BYTES = -1;

export interface Automaton {
  readonly table: StateTable;
  readonly root: StateId;
}

/** What a construction may cost before it is given up: states made, and nodes looked at. */
export interface Budget {
  readonly states: number;
  readonly work: number;
}

/** Subset construction. Undefined when the budget is used up. Bytes that no node of a set names share its fallback. */
export function determinize(nfa: GlobNfa, rows: OutcomeRows, budget: Budget): Automaton | undefined {
  return new SubsetConstruction(nfa, rows).run(budget);
}

class SubsetConstruction {
  private readonly nfa: FlatNfa;
  private readonly sets: readonly ByteSet[];
  private readonly rows: OutcomeRows;
  private readonly excluded: readonly Uint8Array[];
  private readonly table = new StateTable();
  private readonly pool = new IntList(4096);
  private readonly begin = new IntList();
  private slots = new Int32Array(4096);
  private work = 0;

  private readonly stamp: Int32Array;
  private generation = 0;
  private gathered: Int32Array;
  private gatheredCount = 0;

  private readonly anyTarget = new IntList();
  private readonly anySet = new IntList();
  private readonly bucketHead = new Int32Array(256).fill(-1);
  private readonly bucketNext = new IntList();
  private readonly bucketTarget = new IntList();
  private readonly named = new IntList(256);
  private readonly isNamed = new Uint8Array(256);
  private readonly edgeTargets = new Int32Array(256);
  private readonly edgeBytes = new Int32Array(256);

  constructor(nfa: GlobNfa, rows: OutcomeRows) {
    this.nfa = nfa.flat();
    this.sets = nfa.sets;
    this.rows = rows;
    this.stamp = new Int32Array(this.nfa.size);
    this.gathered = new Int32Array(this.nfa.size);
    this.excluded = nfa.sets.map((set) => {
      const mask = new Uint8Array(256);
      if (set.inverted) for (const byte of set.members) mask[byte] = 1;
      return mask;
    });
  }

  run(budget: Budget): Automaton | undefined {
    this.startSet();
    this.gather(0);
    const root = this.state();
    for (let state = 0; state < this.begin.length; state++) {
      this.expand(state);
      if (this.begin.length > budget.states || this.work > budget.work) return undefined;
    }
    return { table: this.table, root };
  }

  private startSet(): void {
    this.generation += 1;
    this.gatheredCount = 0;
  }

  private gather(node: number): void {
    if (this.stamp[node] === this.generation) return;
    this.stamp[node] = this.generation;
    this.gathered[this.gatheredCount++] = node;
    const end = this.nfa.starBegin[node + 1]!;
    for (let i = this.nfa.starBegin[node]!; i < end; i++) this.gather(this.nfa.star[i]!);
  }

  /** The state of the gathered set. Its edges are filled in when its turn comes. */
  private state(): StateId {
    const set = this.gathered;
    const count = this.gatheredCount;
    this.work += count;
    sortPrefix(set, count);
    let hash = count;
    for (let i = 0; i < count; i++) {
      hash = Math.imul(hash ^ set[i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const id = this.slots[slot]! - 1;
      if (id < 0) break;
      if (this.holds(id, count)) return id;
      slot = (slot + 1) & mask;
    }
    const id = this.begin.length;
    this.slots[slot] = id + 1;
    this.begin.push(this.pool.length);
    for (let i = 0; i < count; i++) this.pool.push(set[i]!);
    if ((id + 1) * 2 > this.slots.length) this.rehash();
    return id;
  }

  private end(id: StateId): number {
    return id + 1 < this.begin.length ? this.begin.items[id + 1]! : this.pool.length;
  }

  private holds(id: StateId, count: number): boolean {
    const begin = this.begin.items[id]!;
    if (this.end(id) - begin !== count) return false;
    for (let i = 0; i < count; i++) if (this.pool.items[begin + i] !== this.gathered[i]) return false;
    return true;
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2);
    const mask = this.slots.length - 1;
    for (let id = 0; id < this.begin.length; id++) {
      const begin = this.begin.items[id]!;
      const end = this.end(id);
      let hash = end - begin;
      for (let i = begin; i < end; i++) {
        hash = Math.imul(hash ^ this.pool.items[i]!, 0x9e3779b1);
        hash ^= hash >>> 15;
      }
      let slot = hash & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = id + 1;
    }
  }

  private expand(state: StateId): void {
    const row = this.sortMoves(state);
    this.startSet();
    for (let i = 0; i < this.anyTarget.length; i++) this.gather(this.anyTarget.items[i]!);
    const fallback = this.state();
    sortPrefix(this.named.items, this.named.length);
    let edges = 0;
    for (let n = 0; n < this.named.length; n++) {
      const byte = this.named.items[n]!;
      this.startSet();
      this.work += this.anyTarget.length;
      for (let i = 0; i < this.anyTarget.length; i++) {
        const set = this.anySet.items[i]!;
        if (set === ALL_BYTES || this.excluded[set]![byte] === 0) this.gather(this.anyTarget.items[i]!);
      }
      for (let entry = this.bucketHead[byte]!; entry >= 0; entry = this.bucketNext.items[entry]!) {
        this.gather(this.bucketTarget.items[entry]!);
      }
      this.bucketHead[byte] = -1;
      this.isNamed[byte] = 0;
      const target = this.state();
      if (target === fallback) continue;
      this.edgeBytes[edges] = byte;
      this.edgeTargets[edges++] = target;
    }
    this.table.append(row, fallback, this.edgeBytes, this.edgeTargets, 0, edges);
  }

  /** Spreads the moves of a state's nodes over `any…` and the buckets of the bytes they name; yields the state's row. */
  private sortMoves(state: StateId): number {
    this.anyTarget.length = 0;
    this.anySet.length = 0;
    this.bucketNext.length = 0;
    this.bucketTarget.length = 0;
    this.named.length = 0;
    const { nfa } = this;
    let row = 0;
    const end = this.end(state);
    for (let i = this.begin.items[state]!; i < end; i++) {
      const at = this.pool.items[i]!;
      if (nfa.accept[at] !== 0) row = this.rows.merge(row, nfa.accept[at]!);
      const loop = nfa.loop[at]!;
      if (loop !== LOOP_NONE) this.anyMove(at, loop === LOOP_ANY ? ALL_BYTES : NO_SLASH_SET);
      const bytesEnd = nfa.byteBegin[at + 1]!;
      for (let e = nfa.byteBegin[at]!; e < bytesEnd; e++) this.byteMove(nfa.byte[e]!, nfa.byteTarget[e]!);
      const setsEnd = nfa.setBegin[at + 1]!;
      for (let e = nfa.setBegin[at]!; e < setsEnd; e++) this.setMove(nfa.set[e]!, nfa.setTarget[e]!);
    }
    return row;
  }

  private setMove(id: number, target: number): void {
    const set = this.sets[id]!;
    if (set.inverted) this.anyMove(target, id);
    else for (const byte of set.members) this.byteMove(byte, target);
  }

  private anyMove(target: number, set: number): void {
    this.anyTarget.push(target);
    this.anySet.push(set);
    if (set !== ALL_BYTES) for (const byte of this.sets[set]!.members) this.name(byte);
  }

  private byteMove(byte: number, target: number): void {
    this.name(byte);
    this.bucketTarget.push(target);
    this.bucketNext.push(this.bucketHead[byte]!);
    this.bucketHead[byte] = this.bucketTarget.length - 1;
  }

  private name(byte: number): void {
    if (this.isNamed[byte] === 1) return;
    this.isNamed[byte] = 1;
    this.named.push(byte);
  }
}

/** Insertion sort: the sets are short and nearly sorted. */
function sortPrefix(items: Int32Array, count: number): void {
  if (count > 48) {
    items.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const item = items[i]!;
    let at = i - 1;
    while (at >= 0 && items[at]! > item) {
      items[at + 1] = items[at]!;
      at -= 1;
    }
    items[at + 1] = item;
  }
}
