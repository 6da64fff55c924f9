import type { MatchErrorCode } from '@kubearmor-ts/match';
import type { PolicyId, Rule } from '@kubearmor-ts/policy';
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

export function policyName({ kind, namespace, name }: PolicyId): string {
  return namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

export function placeOf(rule: Rule): string | undefined {
  if (rule.place === undefined) return undefined;
  const { file, line, column } = rule.place;
  return `${file === undefined ? '' : `${file}:`}${line}:${column}`;
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
  const names = [...new Set(rules.map((rule) => policyName(rule.policy)))];
  const shown = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  const place = first === undefined ? undefined : placeOf(first);
  return {
    code,
    reason,
    message,
    rules,
    ...(shown === '' ? {} : { object: shown }),
    ...(place === undefined ? {} : { place }),
    ...(cause === undefined ? {} : { cause }),
  };
}
