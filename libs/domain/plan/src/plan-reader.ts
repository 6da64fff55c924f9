import {
  CellLayout,
  Class,
  ClassPlanLayout,
  EdgeLayout,
  KA_GLOBAL_DFAS,
  KA_SOURCE_DFAS,
  PlanLayout,
  SourcePlanLayout,
  StateLayout,
} from '@kubearmor-ts/abi';
import type { EnforcedClass } from './enforcement-plan.ts';

const classIndex = {
  exec: Class.EXEC,
  file: Class.FILE,
  capability: Class.CAPABILITY,
  network: Class.NETWORK,
} as const satisfies Record<EnforcedClass, number>;

/** Byte offset of a state in the blob; 0 is none. */
export type StateOffset = number;

/** Reads a blob by its offsets alone, as the kernel does. */
export class PlanReader {
  private readonly view: DataView;

  constructor(blob: Uint8Array) {
    this.view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  }

  u32(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  next(state: StateOffset, byte: number): StateOffset {
    const base = this.u32(state + StateLayout.base);
    if (base !== 0) {
      const slot = base + EdgeLayout.sizeBytes * byte;
      if (this.u32(slot + EdgeLayout.owner) === state) return this.u32(slot + EdgeLayout.next);
    }
    return this.u32(state + StateLayout.fallback);
  }

  walk(from: StateOffset, path: Uint8Array): StateOffset {
    let state = from;
    for (const byte of path) state = this.next(state, byte);
    return state;
  }

  /** The label of a caller by its executable's path; 0 when no rule names it. */
  label(executable: Uint8Array): number {
    const root = this.u32(PlanLayout.sourceRoot);
    return root === 0 ? 0 : this.u32(this.walk(root, executable) + StateLayout.value);
  }

  /** Start states of the automata that decide for a caller with this label. */
  roots(cls: EnforcedClass, label: number): readonly StateOffset[] {
    const roots: StateOffset[] = [];
    const index = classIndex[cls];
    const global = this.classAt(cls) + ClassPlanLayout.root;
    for (let n = 0; n < KA_GLOBAL_DFAS; n++) roots.push(this.u32(global + 4 * n));
    if (label > 0) {
      const own =
        this.u32(PlanLayout.sources) + label * SourcePlanLayout.sizeBytes + index * KA_SOURCE_DFAS * 4;
      for (let n = 0; n < KA_SOURCE_DFAS; n++) roots.push(this.u32(own + 4 * n));
    }
    return roots.filter((root) => root !== 0);
  }

  /** The entry of a rule in the argument table: a start state's offset and flags; 0 when arguments do not matter. */
  argumentEntry(ruleNumber: number): number {
    const table = this.u32(PlanLayout.args);
    return table === 0 ? 0 : this.u32(table + 4 * ruleNumber);
  }

  isListed(root: StateOffset, argument: Uint8Array): boolean {
    return this.u32(this.walk(root, argument) + StateLayout.row) !== 0;
  }

  unmatched(cls: EnforcedClass): number {
    return this.u32(this.classAt(cls) + ClassPlanLayout.unmatched);
  }

  classFlags(cls: EnforcedClass): number {
    return this.u32(this.classAt(cls) + ClassPlanLayout.flags);
  }

  /** The decide and audit words of a state for these access bits. */
  cell(state: StateOffset, bits: number): readonly [decide: number, audit: number] {
    const row = this.u32(state + StateLayout.row);
    return row === 0
      ? [0, 0]
      : [
          this.u32(row + CellLayout.sizeBytes * bits),
          this.u32(row + CellLayout.sizeBytes * bits + CellLayout.audit),
        ];
  }

  stateFlags(state: StateOffset): number {
    return this.u32(state + StateLayout.value);
  }

  private classAt(cls: EnforcedClass): number {
    const index = classIndex[cls];
    return PlanLayout.cls + index * ClassPlanLayout.sizeBytes;
  }
}
