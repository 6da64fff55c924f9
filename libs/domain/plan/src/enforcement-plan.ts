import type { PolicyMode, Postures, Rule } from '@kubearmor-ts/policy';

/** Everything that decides what a workload may do; equal inputs give byte-equal plans. */
export interface PlanInput {
  /** Rules of all policies that select the workload, in any order: precedence does not depend on it. */
  readonly rules: readonly Rule[];
  readonly postures: Postures;
  /** `audited`: what would be blocked is reported and passes. */
  readonly mode: PolicyMode;
}

/** One compiled answer for a workload. */
export interface EnforcementPlan {
  /** `struct ka_plan` and its tables, position-independent, little-endian; a multiple of 64 bytes. */
  readonly blob: Uint8Array;
  /** First 8 bytes of the SHA-256 over the blob with this field zero; equal tables are loaded once. */
  readonly contentHash: bigint;
  /** By rule number as the kernel reports it; precedence rises with the number. Number 0 is the default posture. */
  readonly rules: readonly (Rule | undefined)[];
  readonly mode: PolicyMode;
}
