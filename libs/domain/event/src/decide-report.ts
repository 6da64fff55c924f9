import type { Attribution } from './access-event.ts';
import { defaultPosturePolicy } from './value-sets.ts';
import type { AlertAction, Enforcer } from './value-sets.ts';

export interface Report {
  readonly policyName: string;
  readonly enforcer: Enforcer;
  readonly action: AlertAction;
  readonly result: 'Passed' | 'Permission denied';
  /** The rule whose severity, tags and message the alert shows. */
  readonly rule?: Extract<Attribution, { kind: 'rule' }>;
}

/**
 * How Action, Enforcer and Result combine.
 *
 * | verdict | decided by        | policy          | action        | enforcer     |
 * |---------|-------------------|-----------------|---------------|--------------|
 * | block   | Block rule        | the rule's      | Block         | BPFLSM       |
 * | block   | Allow rule¹       | DefaultPosture  | Block         | BPFLSM       |
 * | block   | posture           | DefaultPosture  | Block         | BPFLSM       |
 * | passed  | Audit rule        | the rule's      | Audit         | eBPF Monitor |
 * | passed  | Block rule²       | the rule's      | Audit (Block) | eBPF Monitor |
 * | passed  | posture block²    | DefaultPosture  | Audit (Block) | eBPF Monitor |
 * | passed  | posture audit     | DefaultPosture  | Audit         | BPFLSM       |
 * | passed  | Allow rule¹       | DefaultPosture  | Audit         | BPFLSM       |
 *
 * ¹ its path matches but one of its flags (readOnly, ownerOnly, pts) refuses, so the posture decides.
 * ² the workload is in audited mode.
 */
export function decideReport(verdict: 'audit' | 'block' | 'report', attribution: Attribution): Report {
  if (verdict === 'block') {
    const denied = { enforcer: 'BPFLSM', action: 'Block', result: 'Permission denied' } as const;
    return attribution.kind === 'rule' && attribution.action !== 'Allow'
      ? { ...denied, policyName: attribution.policyName, rule: attribution }
      : { ...denied, policyName: defaultPosturePolicy };
  }
  if (attribution.kind === 'rule' && attribution.action !== 'Allow') {
    return {
      policyName: attribution.policyName,
      enforcer: 'eBPF Monitor',
      action: attribution.action === 'Block' ? 'Audit (Block)' : 'Audit',
      result: 'Passed',
      rule: attribution,
    };
  }
  return attribution.kind === 'default' && attribution.posture === 'block'
    ? {
        policyName: defaultPosturePolicy,
        enforcer: 'eBPF Monitor',
        action: 'Audit (Block)',
        result: 'Passed',
      }
    : { policyName: defaultPosturePolicy, enforcer: 'BPFLSM', action: 'Audit', result: 'Passed' };
}
