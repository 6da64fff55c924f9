import { policyKey } from '@kubearmor-ts/policy';
import type { Policy, PolicyMode, Postures } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';
import type { Workload } from '@kubearmor-ts/workload';
import type { Compiled, Refusal } from './compile-plan.ts';
import { toPolicyMode } from './enforcement-settings.ts';
import type { EnforcementSettings } from './enforcement-settings.ts';
import { selectsContainer, selectsHost } from './select-policies.ts';

/** One row of the tables in the kernel, with what it should be and what it is. Without a workload it is the host's. */
export interface WorkloadEntry {
  readonly key: string;
  number: number;
  workload: Workload | undefined;
  mode: PolicyMode;
  readonly selected: Map<string, Policy>;
  applied: Applied | undefined;
  refusals: readonly Refusal[];
  /** Why the kernel does not hold what it should. */
  failure: CodedError | undefined;
  isBound: boolean;
}

export interface Applied {
  /** Which connection to the enforcer it was said in. */
  readonly session: number;
  readonly revision: number;
  readonly compiled: Compiled | undefined;
}

export interface WorkloadStatus {
  readonly key: string;
  readonly number: number;
  readonly workload: Workload | undefined;
  readonly mode: PolicyMode;
  readonly policies: readonly Policy[];
  readonly inForce: Compiled | undefined;
  readonly revision: number;
  readonly refusals: readonly Refusal[];
  readonly failure: CodedError | undefined;
}

export function newEntry(key: string, number: number, workload: Workload | undefined): WorkloadEntry {
  return {
    key,
    number,
    workload,
    mode: workload === undefined ? 'enabled' : toPolicyMode(workload.annotations),
    selected: new Map(),
    applied: undefined,
    refusals: [],
    failure: undefined,
    isBound: workload === undefined,
  };
}

/** Takes the policy up, or lets it go when it does not select the workload; true if that is a change. */
export function offerPolicy(entry: WorkloadEntry, policy: Policy, settings: EnforcementSettings): boolean {
  const key = policyKey(policy.id);
  const isSelected =
    entry.workload === undefined
      ? selectsHost(policy, settings)
      : selectsContainer(policy, entry.workload, settings);
  if (!isSelected) return entry.selected.delete(key);
  if (entry.selected.get(key) === policy) return false;
  entry.selected.set(key, policy);
  return true;
}

export function posturesOf(entry: WorkloadEntry, settings: EnforcementSettings): Postures {
  if (entry.workload === undefined) return settings.host.postures;
  const { byNamespace, postures } = settings.containers;
  return byNamespace?.get(entry.workload.namespace) ?? postures;
}

export function statusOf(entry: WorkloadEntry): WorkloadStatus {
  const { key, number, workload, mode, selected, applied, refusals, failure } = entry;
  return {
    key,
    number,
    workload,
    mode,
    policies: [...selected.values()],
    inForce: applied?.compiled,
    revision: applied?.revision ?? 0,
    refusals,
    failure,
  };
}
