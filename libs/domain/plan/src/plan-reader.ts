import type { EnforcedClass } from './enforcement-plan.ts';
import {
  CLASS_INDEX,
  CLASS_PLAN,
  EDGE,
  GLOBAL_DFAS,
  PLAN,
  SOURCE_DFAS,
  SOURCE_PLAN_BYTES,
  STATE,
} from './plan-layout.ts';

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
    const base = this.u32(state + STATE.base);
    if (base !== 0) {
      const slot = base + EDGE.bytes * byte;
      if (this.u32(slot + EDGE.owner) === state) return this.u32(slot + EDGE.next);
    }
    return this.u32(state + STATE.fallback);
  }

  walk(from: StateOffset, path: Uint8Array): StateOffset {
    let state = from;
    for (const byte of path) state = this.next(state, byte);
    return state;
  }

  /** The label of a caller by its executable's path; 0 when no rule names it. */
  label(executable: Uint8Array): number {
    const root = this.u32(PLAN.sourceRoot);
    return root === 0 ? 0 : this.u32(this.walk(root, executable) + STATE.value);
  }

  /** Start states of the automata that decide for a caller with this label. */
  roots(cls: EnforcedClass, label: number): readonly StateOffset[] {
    const roots: StateOffset[] = [];
    const index = CLASS_INDEX[cls];
    const global = this.classAt(cls) + CLASS_PLAN.root;
    for (let n = 0; n < GLOBAL_DFAS; n++) roots.push(this.u32(global + 4 * n));
    if (label > 0) {
      const own = this.u32(PLAN.sources) + label * SOURCE_PLAN_BYTES + index * SOURCE_DFAS * 4;
      for (let n = 0; n < SOURCE_DFAS; n++) roots.push(this.u32(own + 4 * n));
    }
    return roots.filter((root) => root !== 0);
  }

  unmatched(cls: EnforcedClass): number {
    return this.u32(this.classAt(cls) + CLASS_PLAN.unmatchedDecide);
  }

  classFlags(cls: EnforcedClass): number {
    return this.u32(this.classAt(cls) + CLASS_PLAN.flags);
  }

  /** The decide and audit words of a state for these access bits. */
  cell(state: StateOffset, bits: number): readonly [decide: number, audit: number] {
    const row = this.u32(state + STATE.row);
    return row === 0 ? [0, 0] : [this.u32(row + 8 * bits), this.u32(row + 8 * bits + 4)];
  }

  stateFlags(state: StateOffset): number {
    return this.u32(state + STATE.value);
  }

  private classAt(cls: EnforcedClass): number {
    const index = CLASS_INDEX[cls];
    return PLAN.classes + index * CLASS_PLAN.bytes;
  }
}
