export { decide, renameAllowed } from './decide.ts';
export type { Access, Decision, Verdict } from './decide.ts';
export type {
  EnforcedClass,
  EnforcementPlan,
  NotEnforced,
  NotEnforcedReason,
  PlanInput,
  PlanSize,
} from './enforcement-plan.ts';
export { enforcedClasses, isEnforced, postureOf } from './enforcement-plan.ts';
export { matchingRules } from './matching-rules.ts';
export type { MatchingRule } from './matching-rules.ts';
export { planAccepted } from './plan-accepted.ts';
export type { AcceptedPlan, RefusedPolicy } from './plan-accepted.ts';
export { describePattern } from './describe-rule.ts';
export { capabilityName, capabilityOfName } from './capability-names.ts';
export { endpointName, parseSocketName, socketName } from './network-names.ts';
export type { Endpoint, NamedSocket, Socket } from './network-names.ts';
export { planErrors } from './plan-error.ts';
export type { PlanError } from './plan-error.ts';
export { PLAN_LIMITS } from './plan-limits.ts';
export type { PlanLimits } from './plan-limits.ts';
export { planWorkload } from './plan-workload.ts';
export { ruleRow } from './outcome.ts';
export { orderRules } from './rule-order.ts';
export { sha256 } from './sha256.ts';
