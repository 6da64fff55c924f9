import { ProbeResponse } from '@kubearmor-ts/proto';
import { policyKey } from '@kubearmor-ts/policy';
import type { Policy, PolicyMode } from '@kubearmor-ts/policy';
import type { WorkloadStatus } from './workload-entry.ts';
import { unenforcedParts } from './unenforced-parts.ts';

/** As existing agents number it; `karmor probe` lists those with 1. */
const modeNumbers: Readonly<Record<PolicyMode, number>> = { disabled: 0, enabled: 1, audited: 2 };

/** What `karmor probe` shows: the containers by name, their policies with what of them is not enforced, the host's. */
export function answerProbe(
  rows: Iterable<WorkloadStatus>,
  hostName: string,
  networkPolicies: readonly Policy[],
): ProbeResponse {
  const response = ProbeResponse.create({});
  for (const row of rows) {
    const policyList = row.policies.map((policy) => policy.id.name);
    const policyDataList = row.policies.map((policy) => ({ policy: toData(policy, row) }));
    if (row.workload === undefined) {
      response.hostMap[hostName] = { policyList, policyDataList };
      continue;
    }
    const { container, key } = row.workload;
    const isTaken = Object.hasOwn(response.containerMap, container);
    const name = isTaken ? `${container}@${key}` : container;
    response.containerList.push(name);
    response.containerMap[name] = { policyList, policyEnabled: modeNumbers[row.mode], policyDataList };
  }
  if (networkPolicies.length > 0) {
    response.networkMap[hostName] = {
      policyList: networkPolicies.map((policy) => policy.id.name),
      policyDataList: networkPolicies.map((policy) => ({ policy: toData(policy, undefined) })),
    };
  }
  return response;
}

function toData(policy: Policy, row: WorkloadStatus | undefined): Buffer {
  const key = policyKey(policy.id);
  const isInForce = row?.inForce?.policies.get(key) === policy;
  const refusals = (row?.refusals ?? []).filter((refusal) => refusal.policies.includes(key));
  const conditions = [
    {
      type: 'Enforced',
      status: isInForce ? 'True' : 'False',
      reason: isInForce ? 'InPlan' : (row?.failure?.reason ?? 'NotInPlan'),
      message: row?.failure?.message ?? '',
    },
    ...refusals.map(({ error, kept }) => ({
      type: 'Refused',
      status: 'True',
      reason: error.reason,
      message: `${error.message}${kept.includes(key) ? '; the earlier version stays in force' : ''}`,
    })),
    ...unenforcedParts(policy).map(({ reason, message }) => ({
      type: 'Limited',
      status: 'True',
      reason,
      message,
    })),
  ];
  const { metadata, spec } = policy.object;
  return Buffer.from(JSON.stringify({ metadata, spec, status: { conditions } }));
}
