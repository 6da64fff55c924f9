import { AccessBit, KA_CELL_VERDICT_MASK, Verdict as Word } from '@kubearmor-ts/abi';
import { OutcomeRows, PathCompiler, ROW_WORDS, StateTable, type PathPattern } from '@kubearmor-ts/match';
import type { PolicyMode, Rule } from '@kubearmor-ts/policy';
import { argumentsListed, asksForArguments } from './argument-lists.ts';
import type { Access, Verdict } from './decide.ts';
import type { EnforcementPlan } from './enforcement-plan.ts';
import { rulePatterns } from './number-rules.ts';
import { ruleRow } from './outcome.ts';
import { PLAN_LIMITS } from './plan-limits.ts';

/** A rule that matches an access, and what it says on its own; `none` for an Audit rule that does not fire. */
export interface MatchingRule {
  readonly rule: Rule;
  readonly ruleNumber: number;
  readonly says: Verdict;
}

/**
 * Every rule of a plan that matches an access, by falling precedence: the one that decides and those it hides. The
 * tables keep only the winners, so each rule is compiled and tried on its own; for people, not for hot paths.
 */
export function matchingRules(plan: EnforcementPlan, access: Access): readonly MatchingRule[] {
  const found: MatchingRule[] = [];
  for (const [ruleNumber, rule] of plan.rules.entries()) {
    if (rule === undefined || rule.class !== access.class) continue;
    const patterns = rulePatterns(rule);
    if (!patterns.ok || !accepts(patterns.value.pattern, access.path)) continue;
    const { source } = patterns.value;
    if (source !== undefined && (access.source === undefined || !accepts(source, access.source))) continue;
    found.push({ rule, ruleNumber, says: says(rule, ruleNumber, plan.mode, access) });
  }
  return found.reverse();
}

function accepts(pattern: PathPattern, path: Uint8Array): boolean {
  if (pattern.kind === 'never') return false;
  const table = new StateTable();
  const rows = new OutcomeRows();
  const row = rows.intern(new Uint32Array(ROW_WORDS).fill(1));
  const compiled = new PathCompiler(table, rows).compile([{ pattern, row }], {
    globAutomata: 1,
    glob: PLAN_LIMITS.glob,
  });
  if (!compiled.ok) return false;
  let state = compiled.roots[0]!;
  for (const byte of path) state = table.next(state, byte);
  return table.row.items[state] !== 0;
}

function hasListed(list: readonly string[], ownerOnly: boolean, { owner, args }: Access): boolean {
  const listed = list.map((text) => new TextEncoder().encode(text));
  const isListed = (argument: Uint8Array): boolean =>
    listed.some((one) => one.length === argument.length && one.every((byte, at) => byte === argument[at]));
  return (!ownerOnly || owner) && argumentsListed(args, isListed);
}

function says(rule: Rule, number: number, mode: PolicyMode, access: Access): Verdict {
  const { owner, write, tty } = access;
  const bits = (owner ? AccessBit.OWNER : 0) | (write ? AccessBit.WRITE : 0) | (tty ? AccessBit.TTY : 0);
  const row = ruleRow(rule, number, mode);
  if (rule.action === 'Audit') return row[2 * bits + 1] === 0 ? 'none' : 'audit';
  const word = row[2 * bits]! & KA_CELL_VERDICT_MASK;
  if (word !== Word.ALLOW && asksForArguments(rule) && hasListed(rule.allowedArgs, rule.ownerOnly, access))
    return 'allow';
  if (word === Word.BLOCK) return 'block';
  return word === Word.REPORT ? 'report' : 'allow';
}
