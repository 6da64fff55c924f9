import { IntList } from './int-list.ts';
import type { RowId } from './outcome-rows.ts';

/** Number of a state in a `StateTable`. */
export type StateId = number;

/**
 * All states of one plan. A state is (row, fallback, edges): the next state is that of the edge of the byte, else the
 * fallback. Edges of one state are sorted by byte and never lead to its fallback.
 *
 * States added by `intern` are shared with equal ones. Cycles cannot be interned: `appendLoop` and `appendAll` make
 * them, and what they make can be found by `intern` later when it is a loop (`appendLoop`).
 */
export class StateTable {
  readonly row = new IntList(1024);
  readonly fallback = new IntList(1024);
  /** Edges of state s: from edgeBegin[s] to edgeBegin[s] + edgeCount[s]. */
  readonly edgeBegin = new IntList(1024);
  readonly edgeCount = new IntList(1024);
  readonly edgeByte = new IntList(1024);
  readonly edgeTarget = new IntList(1024);
  private slots = new Int32Array(4096);
  private interned = 0;

  get length(): number {
    return this.row.length;
  }

  next(state: StateId, byte: number): StateId {
    let low = this.edgeBegin.items[state]!;
    let high = low + this.edgeCount.items[state]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.edgeByte.items[middle]!;
      if (found === byte) return this.edgeTarget.items[middle]!;
      if (found < byte) low = middle + 1;
      else high = middle;
    }
    return this.fallback.items[state]!;
  }

  /** A state with these edges, an old one if there is one. `bytes` must be sorted. */
  intern(
    row: RowId,
    fallback: StateId,
    bytes: Int32Array,
    targets: Int32Array,
    from: number,
    count: number,
  ): StateId {
    const mask = this.slots.length - 1;
    let slot = hashState(row, fallback, bytes, targets, from, count) & mask;
    for (;;) {
      const id = this.slots[slot]! - 1;
      if (id < 0) break;
      if (this.equals(id, row, fallback, bytes, targets, from, count)) return id;
      slot = (slot + 1) & mask;
    }
    const id = this.append(row, fallback, bytes, targets, from, count);
    this.slots[slot] = id + 1;
    if (++this.interned * 2 > this.slots.length) this.rehash();
    return id;
  }

  /** A state that stays in itself on every byte but `leaveOn` (none when negative). */
  appendLoop(row: RowId, leaveOn: number, leaveTo: StateId): StateId {
    const id = this.row.length;
    const count = leaveOn < 0 ? 0 : 1;
    const bytes = Int32Array.of(leaveOn);
    const targets = Int32Array.of(leaveTo);
    this.append(row, id, bytes, targets, 0, count);
    this.enter(id);
    return id;
  }

  append(
    row: RowId,
    fallback: StateId,
    bytes: Int32Array,
    targets: Int32Array,
    from: number,
    count: number,
  ): StateId {
    const id = this.row.length;
    this.row.push(row);
    this.fallback.push(fallback);
    this.edgeBegin.push(this.edgeByte.length);
    this.edgeCount.push(count);
    for (let i = from; i < from + count; i++) {
      this.edgeByte.push(bytes[i]!);
      this.edgeTarget.push(targets[i]!);
    }
    return id;
  }

  private enter(id: StateId): void {
    const mask = this.slots.length - 1;
    let slot = this.hashOf(id) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = id + 1;
    if (++this.interned * 2 > this.slots.length) this.rehash();
  }

  private hashOf(id: StateId): number {
    const from = this.edgeBegin.items[id]!;
    return hashState(
      this.row.items[id]!,
      this.fallback.items[id]!,
      this.edgeByte.items,
      this.edgeTarget.items,
      from,
      this.edgeCount.items[id]!,
    );
  }

  private equals(
    id: StateId,
    row: RowId,
    fallback: StateId,
    bytes: Int32Array,
    targets: Int32Array,
    from: number,
    count: number,
  ): boolean {
    if (
      this.row.items[id] !== row ||
      this.fallback.items[id] !== fallback ||
      this.edgeCount.items[id] !== count
    )
      return false;
    const begin = this.edgeBegin.items[id]!;
    for (let i = 0; i < count; i++) {
      if (this.edgeByte.items[begin + i] !== bytes[from + i]) return false;
      if (this.edgeTarget.items[begin + i] !== targets[from + i]) return false;
    }
    return true;
  }

  private rehash(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    const mask = this.slots.length - 1;
    for (const entry of old) {
      if (entry === 0) continue;
      let slot = this.hashOf(entry - 1) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = entry;
    }
  }
}

function hashState(
  row: RowId,
  fallback: StateId,
  bytes: Int32Array,
  targets: Int32Array,
  from: number,
  count: number,
): number {
  let hash = Math.imul(row + 1, 0x9e3779b1) ^ Math.imul(fallback + 1, 0x85ebca6b);
  for (let i = from; i < from + count; i++) {
    hash = Math.imul(hash ^ (targets[i]! * 256 + bytes[i]!), 0xc2b2ae35);
    hash ^= hash >>> 13;
  }
  hash = Math.imul(hash, 0x27d4eb2f);
  return hash ^ (hash >>> 15);
}
