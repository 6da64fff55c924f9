import { policyTitle } from '@kubearmor-ts/policy';
import type { WorkloadEnforcement } from './enforce-workloads.ts';

/** The tables of this node in words. */
export function describeWorkloads(enforcement: WorkloadEnforcement): readonly unknown[] {
  return [...enforcement.status()].map(
    ({ key, number, workload, mode, inForce, revision, refusals, failure }) => ({
      key,
      number,
      mode,
      revision,
      namespace: workload?.namespace ?? '',
      pod: workload?.pod ?? '',
      container: workload?.container ?? '',
      image: workload?.image ?? '',
      labels: workload?.labels ?? {},
      cgroupNames: workload?.cgroupNames ?? [],
      pid: workload?.pid,
      policies: [...(inForce?.policies.values() ?? [])].map((policy) => policyTitle(policy.id)),
      plan:
        inForce === undefined
          ? undefined
          : {
              contentHash: inForce.plan.contentHash.toString(16),
              rules: inForce.plan.rules.length - 1,
              ...inForce.plan.size,
            },
      refusals: refusals.map(({ error, policies, kept }) => ({
        code: error.code,
        message: error.message,
        place: error.place,
        policies,
        kept,
      })),
      failure: failure === undefined ? undefined : { code: failure.code, message: failure.message },
    }),
  );
}
