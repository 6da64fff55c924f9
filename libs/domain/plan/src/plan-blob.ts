import { packEdges, ROW_WORDS, type OutcomeRows, type StateId, type StateTable } from '@kubearmor-ts/match';
import {
  ABI_VERSION,
  BLOB_ALIGNMENT,
  CLASS_COUNT,
  CLASS_PLAN,
  EDGE,
  PLAN,
  PLAN_MAGIC,
  ROW_BYTES,
  SOURCE_DFAS,
  SOURCE_PLAN_BYTES,
  STATE,
} from './plan-layout.ts';
import { sha256 } from './sha256.ts';

export interface ClassTables {
  readonly roots: readonly StateId[];
  readonly unmatched: number;
  readonly flags: number;
}

/** Everything a blob is written from; state and row numbers are those of `states` and `rows`. */
export interface PlanTables {
  readonly states: StateTable;
  readonly rows: OutcomeRows;
  /** `ka_state.value` of every state. */
  readonly values: Int32Array;
  readonly ruleCount: number;
  /** By class index. */
  readonly classes: readonly ClassTables[];
  readonly sourceRoot: StateId | undefined;
  /** For labels 1, 2, …: the roots by class index. */
  readonly sources: readonly (readonly (readonly StateId[])[])[];
}

export interface WrittenPlan {
  readonly blob: Uint8Array;
  readonly contentHash: bigint;
  readonly edges: number;
}

/** Writes `struct ka_plan` and its tables. Undefined when it would be larger than `limit` bytes. */
export function writePlan(tables: PlanTables, limit: number): WrittenPlan | undefined {
  const { states, rows } = tables;
  const packed = packEdges(states);
  const rowsAt = align(PLAN.bytes, ROW_BYTES);
  const rowCount = rows.length - 1;
  const statesAt = rowsAt + rowCount * ROW_BYTES;
  const sourcesAt = statesAt + states.length * STATE.bytes;
  const edgesAt = sourcesAt + (tables.sources.length + 1) * SOURCE_PLAN_BYTES;
  const size = align(edgesAt + packed.length * EDGE.bytes, BLOB_ALIGNMENT);
  if (size > limit) return undefined;
  const blob = new Uint8Array(size);
  const view = new DataView(blob.buffer);
  const put = (offset: number, value: number): void => view.setUint32(offset, value, true);
  const stateAt = (state: StateId): number => statesAt + state * STATE.bytes;

  put(PLAN.magic, PLAN_MAGIC);
  put(PLAN.abiVersion, ABI_VERSION);
  put(PLAN.size, size);
  put(PLAN.ruleCount, tables.ruleCount);
  put(PLAN.states, statesAt);
  put(PLAN.stateCount, states.length);
  put(PLAN.edges, edgesAt);
  put(PLAN.edgeCount, packed.length);
  put(PLAN.rows, rowsAt);
  put(PLAN.rowCount, rowCount);
  put(PLAN.sourceRoot, tables.sourceRoot === undefined ? 0 : stateAt(tables.sourceRoot));
  put(PLAN.sources, sourcesAt);
  put(PLAN.sourceCount, tables.sources.length);
  for (const [index, cls] of tables.classes.entries()) {
    const at = PLAN.classes + index * CLASS_PLAN.bytes;
    for (const [n, root] of cls.roots.entries()) put(at + CLASS_PLAN.root + 4 * n, stateAt(root));
    put(at + CLASS_PLAN.unmatchedDecide, cls.unmatched);
    put(at + CLASS_PLAN.flags, cls.flags);
  }

  for (let id = 1; id <= rowCount; id++) {
    const row = rows.row(id);
    const at = rowsAt + (id - 1) * ROW_BYTES;
    for (let w = 0; w < ROW_WORDS; w++) put(at + 4 * w, row[w]!);
  }
  for (let s = 0; s < states.length; s++) {
    const at = stateAt(s);
    const base = packed.base[s]!;
    const row = states.row.items[s]!;
    put(at + STATE.base, base < 0 ? 0 : edgesAt + base * EDGE.bytes);
    put(at + STATE.fallback, stateAt(states.fallback.items[s]!));
    put(at + STATE.row, row === 0 ? 0 : rowsAt + (row - 1) * ROW_BYTES);
    put(at + STATE.value, tables.values[s]!);
  }
  for (const [n, byClass] of tables.sources.entries()) {
    for (let cls = 0; cls < CLASS_COUNT; cls++) {
      const at = sourcesAt + (n + 1) * SOURCE_PLAN_BYTES + cls * SOURCE_DFAS * 4;
      for (const [r, root] of byClass[cls]!.entries()) put(at + 4 * r, stateAt(root));
    }
  }
  for (let e = 0; e < packed.length; e++) {
    const owner = packed.owner[e]!;
    if (owner < 0) continue;
    put(edgesAt + e * EDGE.bytes + EDGE.owner, stateAt(owner));
    put(edgesAt + e * EDGE.bytes + EDGE.next, stateAt(packed.target[e]!));
  }

  blob.set(sha256(blob).subarray(0, 8), PLAN.contentHash);
  return { blob, contentHash: view.getBigUint64(PLAN.contentHash, true), edges: packed.length };
}

function align(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}
