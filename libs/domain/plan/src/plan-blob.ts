import {
  ClassPlanLayout,
  EdgeLayout,
  KA_ABI_VERSION,
  KA_PLAN_MAGIC,
  KA_SOURCE_DFAS,
  PlanLayout,
  RowLayout,
  SourcePlanLayout,
  StateLayout,
} from '@kubearmor-ts/abi';
import { packEdges, ROW_WORDS, type OutcomeRows, type StateId, type StateTable } from '@kubearmor-ts/match';
import type { ArgumentList } from './argument-lists.ts';
import { sha256 } from './sha256.ts';

export interface ClassTables {
  readonly roots: readonly StateId[];
  /** For labels 1, 2, … */
  readonly sourceRoots: readonly (readonly StateId[])[];
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
  /** By rule number. */
  readonly argumentLists: ReadonlyMap<number, ArgumentList>;
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
  const sourceCount = tables.classes[0]!.sourceRoots.length;
  const rowsAt = align(PlanLayout.sizeBytes, RowLayout.sizeBytes);
  const rowCount = rows.length - 1;
  const statesAt = rowsAt + rowCount * RowLayout.sizeBytes;
  const sourcesAt = statesAt + states.length * StateLayout.sizeBytes;
  const argsAt = sourcesAt + (sourceCount + 1) * SourcePlanLayout.sizeBytes;
  const argsBytes = tables.argumentLists.size === 0 ? 0 : 4 * (tables.ruleCount + 1);
  const edgesAt = align(argsAt + argsBytes, EdgeLayout.sizeBytes);
  const size = align(edgesAt + packed.length * EdgeLayout.sizeBytes, RowLayout.sizeBytes);
  if (size > limit) return undefined;
  const blob = new Uint8Array(size);
  const view = new DataView(blob.buffer);
  const put = (offset: number, value: number): void => view.setUint32(offset, value, true);
  const stateAt = (state: StateId): number => statesAt + state * StateLayout.sizeBytes;

  put(PlanLayout.magic, KA_PLAN_MAGIC);
  put(PlanLayout.abiVersion, KA_ABI_VERSION);
  put(PlanLayout.size, size);
  put(PlanLayout.ruleCount, tables.ruleCount);
  put(PlanLayout.states, statesAt);
  put(PlanLayout.stateCount, states.length);
  put(PlanLayout.edges, edgesAt);
  put(PlanLayout.edgeCount, packed.length);
  put(PlanLayout.rows, rowsAt);
  put(PlanLayout.rowCount, rowCount);
  put(PlanLayout.sourceRoot, tables.sourceRoot === undefined ? 0 : stateAt(tables.sourceRoot));
  put(PlanLayout.sources, sourcesAt);
  put(PlanLayout.sourceCount, sourceCount);
  if (argsBytes > 0) put(PlanLayout.args, argsAt);
  for (const [number, { root, flags }] of tables.argumentLists)
    put(argsAt + 4 * number, stateAt(root) | flags);
  for (const [index, cls] of tables.classes.entries()) {
    const at = PlanLayout.cls + index * ClassPlanLayout.sizeBytes;
    for (const [n, root] of cls.roots.entries()) put(at + ClassPlanLayout.root + 4 * n, stateAt(root));
    put(at + ClassPlanLayout.unmatched, cls.unmatched);
    put(at + ClassPlanLayout.flags, cls.flags);
    for (const [n, roots] of cls.sourceRoots.entries()) {
      const own = sourcesAt + (n + 1) * SourcePlanLayout.sizeBytes + 4 * index * KA_SOURCE_DFAS;
      for (const [r, root] of roots.entries()) put(own + 4 * r, stateAt(root));
    }
  }

  for (let id = 1; id <= rowCount; id++) {
    const row = rows.row(id);
    const at = rowsAt + (id - 1) * RowLayout.sizeBytes;
    for (let w = 0; w < ROW_WORDS; w++) put(at + 4 * w, row[w]!);
  }
  for (let s = 0; s < states.length; s++) {
    const at = stateAt(s);
    const base = packed.base[s]!;
    const row = states.row.items[s]!;
    put(at + StateLayout.base, base < 0 ? 0 : edgesAt + base * EdgeLayout.sizeBytes);
    put(at + StateLayout.fallback, stateAt(states.fallback.items[s]!));
    put(at + StateLayout.row, row === 0 ? 0 : rowsAt + (row - 1) * RowLayout.sizeBytes);
    put(at + StateLayout.value, tables.values[s]!);
  }
  for (let e = 0; e < packed.length; e++) {
    const owner = packed.owner[e]!;
    if (owner < 0) continue;
    put(edgesAt + e * EdgeLayout.sizeBytes + EdgeLayout.owner, stateAt(owner));
    put(edgesAt + e * EdgeLayout.sizeBytes + EdgeLayout.next, stateAt(packed.target[e]!));
  }

  blob.set(sha256(blob).subarray(0, 8), PlanLayout.contentHash);
  return { blob, contentHash: view.getBigUint64(PlanLayout.contentHash, true), edges: packed.length };
}

function align(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}
