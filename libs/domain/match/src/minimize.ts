import type { Automaton } from './determinize.ts';
import { IntList } from './int-list.ts';
import type { RowId } from './outcome-rows.ts';
import type { StateId, StateTable } from './state-table.ts';

/*
 * Partition refinement over signatures: two states stay together while they have the same row and, class by class, the
 * same fallback and the same edges that differ from it. Only states with a successor that changed its class are looked
 * at again, and of a class that splits the largest part keeps its number, so a state changes class at most log n times.
 *
 * The fallback speaks for every byte the state does not name, and no state names NUL, so equal languages have equal
 * signatures: the result is the minimal automaton.
 */

/** Appends the minimal form of an automaton to a table; `sink` yields the state that stays in itself with that row. */
export function appendMinimal(
  automaton: Automaton,
  into: StateTable,
  sink: (row: RowId) => StateId,
): StateId {
  const classes = new Refinement(automaton.table).run();
  return appendClasses(automaton, classes, into, sink);
}

class Refinement {
  private readonly table: StateTable;
  private readonly size: number;
  private readonly cls: Int32Array;
  private readonly members: Int32Array;
  private readonly place: Int32Array;
  private readonly begin = new IntList();
  private readonly end = new IntList();
  private readonly dirty = new IntList();
  private readonly queue = new IntList();
  private readonly sourceBegin: Int32Array;
  private readonly sources: Int32Array;

  constructor(table: StateTable) {
    this.table = table;
    this.size = table.length;
    this.cls = new Int32Array(this.size);
    this.members = new Int32Array(this.size);
    this.place = new Int32Array(this.size);
    [this.sourceBegin, this.sources] = this.invert();
  }

  run(): Int32Array {
    this.splitByRow();
    while (this.queue.length > 0) this.refine(this.queue.items[--this.queue.length]!);
    return this.cls;
  }

  private invert(): [Int32Array, Int32Array] {
    const { table, size } = this;
    const begin = new Int32Array(size + 2);
    for (let s = 0; s < size; s++) begin[table.fallback.items[s]! + 2]! += 1;
    for (let e = 0; e < table.edgeTarget.length; e++) begin[table.edgeTarget.items[e]! + 2]! += 1;
    for (let s = 1; s < begin.length; s++) begin[s]! += begin[s - 1]!;
    const sources = new Int32Array(size + table.edgeTarget.length);
    for (let s = 0; s < size; s++) {
      sources[begin[table.fallback.items[s]! + 1]!++] = s;
      const from = table.edgeBegin.items[s]!;
      for (let e = from; e < from + table.edgeCount.items[s]!; e++)
        sources[begin[table.edgeTarget.items[e]! + 1]!++] = s;
    }
    return [begin, sources];
  }

  private splitByRow(): void {
    const byRow = new Map<RowId, number[]>();
    for (let s = 0; s < this.size; s++) {
      const row = this.table.row.items[s]!;
      const group = byRow.get(row);
      if (group === undefined) byRow.set(row, [s]);
      else group.push(s);
    }
    let at = 0;
    for (const group of byRow.values()) {
      const id = this.begin.length;
      this.begin.push(at);
      for (const s of group) {
        this.cls[s] = id;
        this.place[s] = at;
        this.members[at++] = s;
      }
      this.end.push(at);
      this.dirty.push(group.length);
      this.queue.push(id);
    }
  }

  private touch(state: StateId): void {
    const id = this.cls[state]!;
    const boundary = this.begin.items[id]! + this.dirty.items[id]!;
    const at = this.place[state]!;
    if (at < boundary) return;
    const other = this.members[boundary]!;
    this.members[boundary] = state;
    this.members[at] = other;
    this.place[state] = boundary;
    this.place[other] = at;
    if (this.dirty.items[id]!++ === 0) this.queue.push(id);
  }

  private refine(id: number): void {
    const begin = this.begin.items[id]!;
    const end = this.end.items[id]!;
    const dirty = this.dirty.items[id]!;
    this.dirty.items[id] = 0;
    if (end - begin === 1) return;
    const groups = this.group(begin, dirty, end);
    if (groups.length === 1) return;
    let largest = 0;
    for (let g = 1; g < groups.length; g++) if (groups[g]!.length > groups[largest]!.length) largest = g;
    let at = begin;
    const moved: StateId[][] = [];
    for (const [g, group] of groups.entries()) {
      if (g === largest) this.begin.items[id] = at;
      for (const s of group) {
        this.members[at] = s;
        this.place[s] = at++;
      }
      if (g === largest) {
        this.end.items[id] = at;
        continue;
      }
      const fresh = this.begin.length;
      this.begin.push(at - group.length);
      this.end.push(at);
      this.dirty.push(0);
      for (const s of group) this.cls[s] = fresh;
      moved.push(group);
    }
    for (const group of moved) {
      for (const s of group) {
        for (let i = this.sourceBegin[s]!; i < this.sourceBegin[s + 1]!; i++) this.touch(this.sources[i]!);
      }
    }
  }

  /** Members by signature. Those that are not dirty still have one signature in common. */
  private group(begin: number, dirty: number, end: number): StateId[][] {
    const groups: StateId[][] = [];
    const byHash = new Map<number, number[]>();
    for (let at = begin; at < begin + dirty; at++) this.assign(this.members[at]!, groups, byHash);
    if (begin + dirty < end) {
      const clean = groups[this.assign(this.members[begin + dirty]!, groups, byHash)]!;
      for (let at = begin + dirty + 1; at < end; at++) clean.push(this.members[at]!);
    }
    return groups;
  }

  private assign(state: StateId, groups: StateId[][], byHash: Map<number, number[]>): number {
    const hash = this.signature(state);
    const candidates = byHash.get(hash);
    if (candidates !== undefined) {
      for (const g of candidates) {
        if (this.alike(state, groups[g]![0]!)) {
          groups[g]!.push(state);
          return g;
        }
      }
    }
    groups.push([state]);
    if (candidates === undefined) byHash.set(hash, [groups.length - 1]);
    else candidates.push(groups.length - 1);
    return groups.length - 1;
  }

  private signature(state: StateId): number {
    const { table, cls } = this;
    const other = cls[table.fallback.items[state]!]!;
    const from = table.edgeBegin.items[state]!;
    let hash = Math.imul(other + 1, 0x9e3779b1);
    for (let e = from; e < from + table.edgeCount.items[state]!; e++) {
      const target = cls[table.edgeTarget.items[e]!]!;
      if (target === other) continue;
      hash = Math.imul(hash ^ (target * 256 + table.edgeByte.items[e]!), 0xc2b2ae35);
      hash ^= hash >>> 13;
    }
    return hash;
  }

  private alike(a: StateId, b: StateId): boolean {
    const { table, cls } = this;
    const other = cls[table.fallback.items[a]!]!;
    if (other !== cls[table.fallback.items[b]!]!) return false;
    let i = table.edgeBegin.items[a]!;
    let j = table.edgeBegin.items[b]!;
    const iEnd = i + table.edgeCount.items[a]!;
    const jEnd = j + table.edgeCount.items[b]!;
    for (;;) {
      while (i < iEnd && cls[table.edgeTarget.items[i]!] === other) i += 1;
      while (j < jEnd && cls[table.edgeTarget.items[j]!] === other) j += 1;
      if (i === iEnd || j === jEnd) return i === iEnd && j === jEnd;
      if (table.edgeByte.items[i] !== table.edgeByte.items[j]) return false;
      if (cls[table.edgeTarget.items[i]!] !== cls[table.edgeTarget.items[j]!]) return false;
      i += 1;
      j += 1;
    }
  }
}

/** One state per class that the root reaches, in breadth-first order: equal languages give equal tables. */
function appendClasses(
  automaton: Automaton,
  cls: Int32Array,
  into: StateTable,
  sink: (row: RowId) => StateId,
): StateId {
  const { table, root } = automaton;
  const speaker = new Map<number, StateId>();
  const order: number[] = [];
  const visit = (state: StateId): void => {
    const id = cls[state]!;
    if (speaker.has(id)) return;
    speaker.set(id, state);
    order.push(id);
  };
  visit(root);
  for (let at = 0; at < order.length; at++) {
    const state = speaker.get(order[at]!)!;
    visit(table.fallback.items[state]!);
    const from = table.edgeBegin.items[state]!;
    for (let e = from; e < from + table.edgeCount.items[state]!; e++) visit(table.edgeTarget.items[e]!);
  }
  const isSink = (state: StateId): boolean => {
    const id = cls[state]!;
    if (cls[table.fallback.items[state]!] !== id) return false;
    const from = table.edgeBegin.items[state]!;
    for (let e = from; e < from + table.edgeCount.items[state]!; e++)
      if (cls[table.edgeTarget.items[e]!] !== id) return false;
    return true;
  };
  const number = new Map<number, StateId>();
  const own: number[] = [];
  for (const id of order)
    if (isSink(speaker.get(id)!)) number.set(id, sink(table.row.items[speaker.get(id)!]!));
  for (const id of order) {
    if (number.has(id)) continue;
    number.set(id, into.length + own.length);
    own.push(id);
  }
  const bytes = new Int32Array(256);
  const targets = new Int32Array(256);
  for (const id of own) {
    const state = speaker.get(id)!;
    const other = cls[table.fallback.items[state]!]!;
    const from = table.edgeBegin.items[state]!;
    let count = 0;
    for (let e = from; e < from + table.edgeCount.items[state]!; e++) {
      const target = cls[table.edgeTarget.items[e]!]!;
      if (target === other) continue;
      bytes[count] = table.edgeByte.items[e]!;
      targets[count++] = number.get(target)!;
    }
    into.append(table.row.items[state]!, number.get(other)!, bytes, targets, 0, count);
  }
  return number.get(cls[root]!)!;
}
