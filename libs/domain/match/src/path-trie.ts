import { SLASH } from './glob.ts';
import { IntList } from './int-list.ts';
import type { OutcomeRows, RowId } from './outcome-rows.ts';
import type { StateId, StateTable } from './state-table.ts';

/*
 * The automaton of exact paths and directories, built in one pass over the sorted paths, minimal as it goes.
 *
 * A directory /a/b/ is the entry "/a/b": it holds for that path itself, and after "/a/b/" for the rest of the component
 * (`children`) and, when recursive, for everything (`subtree`). The empty path stands for "/".
 *
 * Invariants
 *  1. While a path is inside the entries, its context (subtree, children) says what holds when it leaves them:
 *     the fallback of every state is the loop state of its context.
 *  2. The loop state of (subtree, children) stays on every byte but a slash, which ends `children`.
 *  3. States are made after all states they lead to, so equal ones are found at once and the result is minimal.
 */

/** What the rules say about one path; rows of the same `OutcomeRows`. */
export interface PathEntry {
  readonly path: Uint8Array;
  /** Holds for the path itself. */
  exact: RowId;
  /** Holds for the path as a directory and its children. */
  children: RowId;
  /** Holds for the path as a directory and everything below. */
  subtree: RowId;
}

export class PathTrie {
  private readonly table: StateTable;
  private readonly rows: OutcomeRows;
  private entries: readonly PathEntry[] = [];
  private readonly loops = new Map<number, StateId>();
  /** Edges of the states under construction, innermost last. */
  private readonly bytes = new IntList(256);
  private readonly targets = new IntList(256);
  private readonly tailBytes = new Int32Array(2);
  private readonly tailTargets = new Int32Array(2);

  constructor(table: StateTable, rows: OutcomeRows) {
    this.table = table;
    this.rows = rows;
  }

  /** The start state. Entries are sorted by their bytes, each path once. */
  add(entries: readonly PathEntry[]): StateId {
    this.entries = entries;
    return this.branch(0, entries.length, 0, 0, 0);
  }

  /** The state that stays in itself on every byte. */
  sink(row: RowId): StateId {
    return this.loop(row, 0);
  }

  private loop(subtree: RowId, children: RowId): StateId {
    const row = this.rows.merge(subtree, children);
    const key = row * 0x4000000 + subtree;
    const known = this.loops.get(key);
    if (known !== undefined) return known;
    const made =
      row === subtree
        ? this.table.appendLoop(row, -1, 0)
        : this.table.appendLoop(row, SLASH, this.loop(subtree, 0));
    this.loops.set(key, made);
    return made;
  }

  /** The state after the first `depth` bytes that entries low … high-1 share. */
  private branch(low: number, high: number, depth: number, subtree: RowId, children: RowId): StateId {
    if (high - low === 1) return this.tail(this.entries[low]!, depth, subtree, children);
    const entries = this.entries;
    const rows = this.rows;
    const leave = this.loop(subtree, children);
    let row = rows.merge(subtree, children);
    let below = subtree;
    let direct = 0;
    let at = low;
    const first = entries[low]!;
    if (first.path.length === depth) {
      if (depth > 0)
        row = rows.merge(row, rows.merge(first.exact, rows.merge(first.subtree, first.children)));
      below = rows.merge(subtree, first.subtree);
      direct = first.children;
      at += 1;
    }
    const begin = this.bytes.length;
    let slashSeen = false;
    while (at < high) {
      const byte = entries[at]!.path[depth]!;
      const group = at;
      do at += 1;
      while (at < high && entries[at]!.path[depth] === byte);
      let target: StateId;
      if (byte === SLASH) {
        slashSeen = true;
        target = this.branch(group, at, depth + 1, below, direct);
      } else {
        if (byte > SLASH && !slashSeen) {
          slashSeen = true;
          this.edge(SLASH, this.loop(below, direct), leave);
        }
        target = this.branch(group, at, depth + 1, subtree, children);
      }
      this.edge(byte, target, leave);
    }
    if (!slashSeen) this.edge(SLASH, this.loop(below, direct), leave);
    const state = this.table.intern(
      row,
      leave,
      this.bytes.items,
      this.targets.items,
      begin,
      this.bytes.length - begin,
    );
    this.bytes.length = begin;
    this.targets.length = begin;
    return state;
  }

  private edge(byte: number, target: StateId, leave: StateId): void {
    if (target === leave) return;
    this.bytes.push(byte);
    this.targets.push(target);
  }

  /** The chain of a single entry's last bytes, from its end. */
  private tail(entry: PathEntry, depth: number, subtree: RowId, children: RowId): StateId {
    const { path } = entry;
    const rows = this.rows;
    const slash = path.indexOf(SLASH, depth);
    const componentEnd = slash < 0 ? path.length : slash;
    let context = path.length <= componentEnd ? children : 0;
    let row = rows.merge(subtree, context);
    if (path.length > 0)
      row = rows.merge(row, rows.merge(entry.exact, rows.merge(entry.subtree, entry.children)));
    let leave = this.loop(subtree, context);
    const after = this.loop(rows.merge(subtree, entry.subtree), entry.children);
    let state = this.chain(row, leave, SLASH, after, -1, 0);
    for (let at = path.length - 1; at >= depth; at--) {
      if (at <= componentEnd && context !== children) {
        context = children;
        leave = this.loop(subtree, context);
      }
      const byte = path[at]!;
      const outside = byte === SLASH ? -1 : SLASH;
      state = this.chain(rows.merge(subtree, context), leave, byte, state, outside, this.loop(subtree, 0));
    }
    return state;
  }

  private chain(
    row: RowId,
    leave: StateId,
    byte: number,
    target: StateId,
    other: number,
    otherTarget: StateId,
  ): StateId {
    let count = 0;
    const bytes = this.tailBytes;
    const targets = this.tailTargets;
    const otherFirst = other >= 0 && other < byte;
    if (otherFirst && otherTarget !== leave) {
      bytes[count] = other;
      targets[count++] = otherTarget;
    }
    if (target !== leave) {
      bytes[count] = byte;
      targets[count++] = target;
    }
    if (!otherFirst && other >= 0 && otherTarget !== leave) {
      bytes[count] = other;
      targets[count++] = otherTarget;
    }
    return this.table.intern(row, leave, bytes, targets, 0, count);
  }
}
