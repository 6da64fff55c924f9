import { formatPlace, policyKey } from '@kubearmor-ts/policy';
import type { Policy } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';
import type { WorkloadEnforcement } from './enforce-workloads.ts';
import type { WorkloadStatus } from './workload-entry.ts';
import type { EnforcementSettings } from './enforcement-settings.ts';
import type { PolicyStore } from './policy-store.ts';
import { unenforcedParts } from './unenforced-parts.ts';

export type PolicyState =
  /** In the plan of every workload it selects. */
  | 'Enforced'
  /** Selected, and some workload could not take it; see `refusedBy`. */
  | 'Refused'
  /** An earlier version of it is in force somewhere, because this one could not be taken. */
  | 'EarlierVersionInForce'
  | 'SelectsNothing'
  | 'NotEnabled'
  /** On its way to the kernel. */
  | 'Pending';

export interface PolicyRow {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly place: string;
  readonly state: PolicyState;
  readonly workloads: number;
  readonly refusedBy: readonly {
    readonly workload: string;
    readonly code: string;
    readonly message: string;
  }[];
  readonly conditions: readonly { readonly reason: string; readonly message: string }[];
}

/** Every policy of the node with what became of it. */
export function describePolicies(
  store: PolicyStore,
  enforcement: WorkloadEnforcement,
  settings: EnforcementSettings,
): readonly PolicyRow[] {
  const uses = new Map<string, Use>();
  for (const row of enforcement.status()) collect(row, uses);
  return [...store.policies()].map((policy) => {
    const key = policyKey(policy.id);
    const use = uses.get(key);
    const notes = [...(use?.notes ?? [])].map(([message, reason]) => ({ reason, message }));
    return {
      kind: policy.id.kind,
      namespace: policy.id.namespace,
      name: policy.id.name,
      place: policy.place === undefined ? '' : formatPlace(policy.place),
      state: stateOf(policy, use, settings),
      workloads: use?.inForce ?? 0,
      refusedBy: use?.refused.slice(0, 20) ?? [],
      conditions: [...unenforcedParts(policy), ...notes],
    };
  });
}

interface Use {
  selected: number;
  inForce: number;
  earlier: number;
  readonly refused: PolicyRow['refusedBy'][number][];
  readonly notes: Map<string, string>;
}

function collect(row: WorkloadStatus, uses: Map<string, Use>): void {
  for (const policy of row.policies) {
    const key = policyKey(policy.id);
    const use: Use = uses.get(key) ?? { selected: 0, inForce: 0, earlier: 0, refused: [], notes: new Map() };
    uses.set(key, use);
    use.selected += 1;
    const held = row.inForce?.policies.get(key);
    if (held === policy) use.inForce += 1;
    else if (held !== undefined) use.earlier += 1;
    for (const { error, policies } of row.refusals)
      if (policies.includes(key)) use.refused.push(refusal(row.key, error));
    if (row.failure !== undefined) use.refused.push(refusal(row.key, row.failure));
  }
  for (const { rule, reason, message } of row.inForce?.plan.notEnforced ?? []) {
    if (reason === 'ClassNotEnforced') continue;
    const use = uses.get(policyKey(rule.policy));
    if (use !== undefined && use.notes.size < 20) use.notes.set(message, reason);
  }
}

const refusal = (workload: string, error: CodedError): PolicyRow['refusedBy'][number] => ({
  workload,
  code: error.code,
  message: error.message,
});

function stateOf(policy: Policy, use: Use | undefined, settings: EnforcementSettings): PolicyState {
  if (policy.id.kind === 'KubeArmorHostPolicy' && !settings.host.isEnabled) return 'NotEnabled';
  if (policy.id.kind === 'KubeArmorPolicy' && !settings.containers.isEnabled) return 'NotEnabled';
  if (use === undefined) return 'SelectsNothing';
  if (use.earlier > 0 && use.refused.length > 0) return 'EarlierVersionInForce';
  if (use.refused.length > 0) return 'Refused';
  return use.inForce === use.selected ? 'Enforced' : 'Pending';
}
