/** Layout of `bpf/abi/plan.h`: byte offsets and constants of the kernel's tables. */

export const ABI_VERSION = 1;
export const PLAN_MAGIC = 0x4e4c504b;

export const GLOBAL_DFAS = 8;
export const SOURCE_DFAS = 2;
export const CLASS_COUNT = 2;
export const MAX_SOURCES = 4096;

export const CLASS_INDEX = { exec: 0, file: 1 } as const;

export const VERDICT = { none: 0, allow: 1, report: 2, block: 3 } as const;
export const VERDICT_MASK = 3;
export const RULE_SHIFT = 2;

export const ACCESS = { owner: 1, write: 2, tty: 4 } as const;

export const STATE_BLOCKS_BELOW = 1;
export const CLASS_CAN_BLOCK = 1;
export const CLASS_WRITE_MATTERS = 2;

/** struct ka_plan */
export const PLAN = {
  magic: 0,
  abiVersion: 4,
  size: 8,
  ruleCount: 12,
  states: 16,
  stateCount: 20,
  edges: 24,
  edgeCount: 28,
  rows: 32,
  rowCount: 36,
  sourceRoot: 40,
  sources: 44,
  sourceCount: 48,
  contentHash: 56,
  classes: 64,
  bytes: 160,
} as const;

/** struct ka_class_plan */
export const CLASS_PLAN = { root: 0, unmatchedDecide: 32, unmatchedAudit: 36, flags: 40, bytes: 48 } as const;

/** struct ka_state */
export const STATE = { base: 0, fallback: 4, row: 8, value: 12, bytes: 16 } as const;

/** struct ka_edge */
export const EDGE = { owner: 0, next: 4, bytes: 8 } as const;

export const ROW_BYTES = 64;
export const SOURCE_PLAN_BYTES = 4 * CLASS_COUNT * SOURCE_DFAS;
export const BLOB_ALIGNMENT = 64;
