import type { MatchErrorCode } from '@kubearmor-ts/match';
import { formatPlace, policyTitle, type Rule } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';

/** Why a set of rules cannot be compiled; `reason` is fit for a condition. */
export const planErrors = {
  KA_PLAN_TOO_MANY_RULES: 'TooManyRules',
  KA_PLAN_TOO_MANY_SOURCES: 'TooManySources',
  KA_PLAN_GLOBS_EXPLODE: 'PatternsTooComplex',
  KA_PLAN_TOO_MANY_STATES: 'PlanTooLarge',
  KA_PLAN_TOO_LARGE: 'PlanTooLarge',
} as const;

export interface PlanError extends CodedError {
  readonly code: keyof typeof planErrors | MatchErrorCode;
  /** The rules to leave out, by whole policies, for the rest to be enforced. */
  readonly rules: readonly Rule[];
}

/** An error about particular rules: names their policies, and the place of the first. */
export function ruleError(
  code: PlanError['code'],
  reason: string,
  message: string,
  rules: readonly Rule[],
  cause?: CodedError,
): PlanError {
  const first = rules[0];
  const names = [...new Set(rules.map((rule) => policyTitle(rule.policy)))];
  const shown =
    names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  return {
    code,
    reason,
    message,
    rules,
    ...(shown === '' ? {} : { object: shown }),
    ...(first?.place === undefined ? {} : { place: formatPlace(first.place) }),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** The policy to leave out when there is too much of everything. */
export function rulesOfLargestPolicy(rules: readonly Rule[]): readonly Rule[] {
  const byPolicy = new Map<string, Rule[]>();
  for (const rule of rules) {
    const name = policyTitle(rule.policy);
    const own = byPolicy.get(name);
    if (own === undefined) byPolicy.set(name, [rule]);
    else own.push(rule);
  }
  let largest: readonly Rule[] = [];
  for (const name of [...byPolicy.keys()].sort()) {
    const own = byPolicy.get(name)!;
    if (own.length > largest.length) largest = own;
  }
  return largest;
}
