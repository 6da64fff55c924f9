import type { PolicyId, Rule } from '@kubearmor-ts/policy';
import { policyTitle } from '@kubearmor-ts/policy';
import { isEnforced, type EnforcementPlan, type PlanInput } from './enforcement-plan.ts';
import { rulePatterns } from './number-rules.ts';
import type { PlanError } from './plan-error.ts';
import { PLAN_LIMITS, type PlanLimits } from './plan-limits.ts';
import { planWorkload } from './plan-workload.ts';

export interface RefusedPolicy {
  readonly policy: PolicyId;
  readonly error: PlanError;
}

/** A plan of all policies but the refused ones. */
export interface AcceptedPlan {
  readonly plan: EnforcementPlan;
  readonly refused: readonly RefusedPolicy[];
}

/** Plans what can be planned: a policy with a rule that stands in the way is left out as a whole and named. */
export function planAccepted(input: PlanInput, limits: PlanLimits = PLAN_LIMITS): AcceptedPlan {
  const refused = new Map<string, RefusedPolicy>();
  const refuse = (rules: readonly Rule[], error: PlanError): void => {
    for (const { policy } of rules) {
      const title = policyTitle(policy);
      if (!refused.has(title)) refused.set(title, { policy, error });
    }
  };
  for (const rule of input.rules) {
    if (!isEnforced(rule.class)) continue;
    const patterns = rulePatterns(rule);
    if (!patterns.ok) refuse([rule], patterns.error);
  }
  // Every round leaves at least one policy out, and without rules there is always a plan.
  for (;;) {
    const rules = input.rules.filter(({ policy }) => !refused.has(policyTitle(policy)));
    const planned = planWorkload({ ...input, rules }, limits);
    if (planned.ok) return { plan: planned.value, refused: [...refused.values()] };
    refuse(planned.error.rules, planned.error);
  }
}
