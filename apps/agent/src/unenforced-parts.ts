import { isEnforced } from '@kubearmor-ts/plan';
import type { Policy, RuleClass } from '@kubearmor-ts/policy';

/** A part of a policy that is accepted and does nothing, or not what it says; shown wherever the policy is shown. */
export interface PolicyCondition {
  readonly reason: 'NotEnforcedYet' | 'NotEnabled';
  readonly message: string;
}

export function unenforcedParts(policy: Policy): readonly PolicyCondition[] {
  const conditions: PolicyCondition[] = [];
  const add = (what: string): void => {
    conditions.push({ reason: 'NotEnforcedYet', message: `not enforced yet: ${what}` });
  };
  const counts = new Map<RuleClass, number>();
  for (const rule of policy.rules) counts.set(rule.class, (counts.get(rule.class) ?? 0) + 1);
  for (const [ruleClass, count] of counts) if (!isEnforced(ruleClass)) add(`${count} ${ruleClass} rules`);
  if (policy.presets.length > 0) add(`presets ${policy.presets.map((preset) => preset.name).join(', ')}`);
  if (policy.apparmor !== '') add('raw AppArmor rules');
  if (policy.firewall !== undefined) add('network firewall rules');
  return conditions;
}
