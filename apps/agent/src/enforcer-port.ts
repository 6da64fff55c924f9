import type { Result } from '@kubearmor-ts/result';

/** The commands of the enforcer that planning and binding need; every one is answered or fails when the enforcer goes. */
export interface EnforcerPort {
  putPlan(plan: { readonly blob: Uint8Array; readonly contentHash: bigint }): Promise<Result<unknown>>;
  setWorkload(setting: WorkloadSetting): Promise<Result<unknown>>;
  dropWorkload(workload: number): Promise<Result<unknown>>;
  bindCgroupName(workload: number, name: string): Promise<Result<unknown>>;
  bindCgroupId(workload: number, cgroupId: bigint): Promise<Result<unknown>>;
  synced(): Promise<Result<unknown>>;
}

export interface WorkloadSetting {
  readonly workload: number;
  readonly revision: number;
  /** 0n: no rules. */
  readonly contentHash: bigint;
  readonly key: string;
}
