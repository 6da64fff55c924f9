import { AccessBit, KA_CELL_RULE_SHIFT, Verdict } from '@kubearmor-ts/abi';
import { ROW_CELLS, ROW_WORDS } from '@kubearmor-ts/match';
import type { PolicyMode, Posture, Rule } from '@kubearmor-ts/policy';
import { asksForArguments } from './argument-lists.ts';

/** What one rule says in each of the 8 cells (owner, write, tty): decide and audit words with its number. */
export function ruleRow(rule: Rule, number: number, mode: PolicyMode): Uint32Array {
  const row = new Uint32Array(ROW_WORDS);
  for (let bits = 0; bits < ROW_CELLS; bits++) {
    const hit = isRefused(rule, bits);
    if (rule.action === 'Audit') {
      if (hit) row[2 * bits + 1] = word(number, Verdict.REPORT);
    } else {
      row[2 * bits] = word(number, hit ? denial(mode) : Verdict.ALLOW);
    }
  }
  return row;
}

/**
 * Whether the rule's action falls on this access. Flags name what stays permitted: with ownerOnly the owner may, with
 * readOnly reading may, with both the owner's reading. Block and Allow agree on the object itself; without flags Block
 * permits nothing and Allow everything. A terminal-only Block or Audit leaves processes without a terminal alone; a
 * terminal-only Allow permits nothing to processes that have one. A Block with allowedArgs refuses here whatever its
 * flags say: what it permits depends on the arguments, and is found by way of its list.
 */
function isRefused(rule: Rule, bits: number): boolean {
  const tty = (bits & AccessBit.TTY) !== 0;
  const permitted =
    rule.ownerOnly || rule.readOnly
      ? (!rule.ownerOnly || (bits & AccessBit.OWNER) !== 0) &&
        (!rule.readOnly || (bits & AccessBit.WRITE) === 0)
      : rule.action === 'Allow';
  if (rule.action === 'Allow') return !permitted || (rule.onlyTerminal && tty);
  return (!permitted || asksForArguments(rule)) && (!rule.onlyTerminal || tty);
}

/** In how many of the 8 cells the rule's action falls. */
export function refusals(rule: Rule): number {
  let count = 0;
  for (let bits = 0; bits < ROW_CELLS; bits++) if (isRefused(rule, bits)) count += 1;
  return count;
}

function denial(mode: PolicyMode): number {
  return mode === 'enabled' ? Verdict.BLOCK : Verdict.REPORT;
}

function word(number: number, verdict: number): number {
  return ((number << KA_CELL_RULE_SHIFT) | verdict) >>> 0;
}

/** The decide word where no rule decides: the posture, once the class has an Allow rule. */
export function unmatchedWord(hasAllow: boolean, posture: Posture, mode: PolicyMode): number {
  if (!hasAllow) return 0;
  return posture === 'block' ? denial(mode) : Verdict.REPORT;
}
