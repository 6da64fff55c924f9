import {
  AccessBit,
  KA_ARGS_OWNER_ONLY,
  KA_CELL_RULE_SHIFT,
  KA_CELL_VERDICT_MASK,
  KA_STATE_BLOCKS_BELOW,
  Verdict as Word,
} from '@kubearmor-ts/abi';
import type { Rule } from '@kubearmor-ts/policy';
import { argumentsListed } from './argument-lists.ts';
import type { EnforcedClass, EnforcementPlan } from './enforcement-plan.ts';
import { PlanReader } from './plan-reader.ts';

/** One access as the kernel sees it. */
export interface Access {
  readonly class: EnforcedClass;
  /** Bytes of the resolved path; of a capability its name (`capabilityName`). */
  readonly path: Uint8Array;
  /** The caller's uid is the object's, for creations its parent directory's. */
  readonly owner: boolean;
  readonly write: boolean;
  /** The caller has a controlling terminal. */
  readonly tty: boolean;
  /** Path of the caller's executable; for an execution that of the program that calls exec. */
  readonly source?: Uint8Array;
  /** Of an execution: the arguments that the new program gets, its name first. Not known: none counts as listed. */
  readonly args?: readonly Uint8Array[];
}

/** `none`: nothing speaks about the access, it passes. `report`: it passes and would be blocked. */
export type Verdict = 'none' | 'allow' | 'audit' | 'report' | 'block';

export interface Decision {
  readonly verdict: Verdict;
  /** The rule that decides; absent for number 0, the default posture, and for `none`. */
  readonly rule?: Rule;
  readonly ruleNumber: number;
}

/** Walks the plan's own blob: what this says is what the kernel does. */
export function decide(plan: EnforcementPlan, access: Access): Decision {
  const reader = new PlanReader(plan.blob);
  const bits =
    (access.owner ? AccessBit.OWNER : 0) |
    (access.write ? AccessBit.WRITE : 0) |
    (access.tty ? AccessBit.TTY : 0);
  const label = access.source === undefined ? 0 : reader.label(access.source);
  let decided = 0;
  let audit = 0;
  for (const root of reader.roots(access.class, label)) {
    const [decideWord, auditWord] = reader.cell(reader.walk(root, access.path), bits);
    decided = Math.max(decided, decideWord);
    audit = Math.max(audit, auditWord);
  }
  if (decided === 0) decided = reader.unmatched(access.class);
  if (permittedByArguments(reader, decided, access)) decided = (decided & ~KA_CELL_VERDICT_MASK) | Word.ALLOW;
  const [verdict, ruleNumber] = settle(decided, audit);
  const rule = plan.rules[ruleNumber];
  return { verdict, ruleNumber, ...(rule === undefined ? {} : { rule }) };
}

function permittedByArguments(reader: PlanReader, decided: number, { owner, args }: Access): boolean {
  const verdict = decided & KA_CELL_VERDICT_MASK;
  if (verdict !== Word.BLOCK && verdict !== Word.REPORT) return false;
  const entry = reader.argumentEntry(decided >>> KA_CELL_RULE_SHIFT);
  if (entry === 0 || ((entry & KA_ARGS_OWNER_ONLY) !== 0 && !owner)) return false;
  return argumentsListed(args, (argument) => reader.isListed(entry & ~KA_ARGS_OWNER_ONLY, argument));
}

function settle(decided: number, audit: number): readonly [Verdict, number] {
  const verdict = decided & KA_CELL_VERDICT_MASK;
  const rule = decided >>> KA_CELL_RULE_SHIFT;
  if (verdict === Word.BLOCK) return ['block', rule];
  const auditRule = audit >>> KA_CELL_RULE_SHIFT;
  if (audit !== 0 && auditRule > rule) return ['audit', auditRule];
  if (verdict === Word.REPORT) return ['report', rule];
  return verdict === Word.ALLOW ? ['allow', rule] : ['none', 0];
}

/**
 * Whether a directory may be renamed: nothing below it that is blocked may come to lie where it is not. In each
 * automaton the new place must continue exactly as the old one, or nothing can be blocked below the old one.
 * The rename's own two paths are judged apart from this.
 */
export function renameAllowed(
  plan: EnforcementPlan,
  from: Uint8Array,
  to: Uint8Array,
  source?: Uint8Array,
): boolean {
  const reader = new PlanReader(plan.blob);
  const label = source === undefined ? 0 : reader.label(source);
  const below = (path: Uint8Array): Uint8Array => Uint8Array.of(...path, 0x2f);
  for (const cls of ['exec', 'file'] as const) {
    for (const root of reader.roots(cls, label)) {
      const old = reader.walk(root, below(from));
      if (old !== reader.walk(root, below(to)) && (reader.stateFlags(old) & KA_STATE_BLOCKS_BELOW) !== 0)
        return false;
    }
  }
  return true;
}
