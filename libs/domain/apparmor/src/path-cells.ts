import { AccessBit, KA_CELL_VERDICT_MASK, Verdict } from '@kubearmor-ts/abi';
import { ruleRow } from '@kubearmor-ts/plan';
import type { Rule } from '@kubearmor-ts/policy';

/** What AppArmor tells apart about an access to a path, as bits of a mask. */
export const OWNER_READS = 1;
export const OWNER_WRITES = 2;
export const OTHERS_READ = 4;
export const OTHERS_WRITE = 8;
export const PATH_CELLS = [OWNER_READS, OWNER_WRITES, OTHERS_READ, OTHERS_WRITE] as const;

const ALL = OWNER_READS | OWNER_WRITES | OTHERS_READ | OTHERS_WRITE;
const READS = OWNER_READS | OTHERS_READ;

/** Running a program is no writing: its cells are those of reading. */
export const cellsOf = (cls: 'exec' | 'file'): number => (cls === 'exec' ? READS : ALL);

export interface RuleCells {
  readonly permits: number;
  readonly refuses: number;
  /** Of Audit rules. */
  readonly reports: number;
}

/** What a rule says by itself, read off the very row that the plan gives it, whoever has a terminal. */
export function ruleCells(rule: Rule): RuleCells {
  const row = ruleRow({ ...rule, onlyTerminal: false }, 1, 'enabled');
  const mask = cellsOf(rule.class === 'exec' ? 'exec' : 'file');
  const found = { permits: 0, refuses: 0, reports: 0 };
  for (const cell of PATH_CELLS) {
    if ((cell & mask) === 0) continue;
    const isOwner = cell === OWNER_READS || cell === OWNER_WRITES;
    const writes = cell === OWNER_WRITES || cell === OTHERS_WRITE;
    const bits = (isOwner ? AccessBit.OWNER : 0) | (writes ? AccessBit.WRITE : 0);
    const verdict = row[2 * bits]! & KA_CELL_VERDICT_MASK;
    if (verdict === Verdict.BLOCK) found.refuses |= cell;
    else if (verdict === Verdict.ALLOW) found.permits |= cell;
    if (row[2 * bits + 1] !== 0) found.reports |= cell;
  }
  return found;
}
