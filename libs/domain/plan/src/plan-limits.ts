import { KA_MAX_SOURCES } from '@kubearmor-ts/abi';
import type { Budget } from '@kubearmor-ts/match';

/** Bounds of one plan; what is beyond is refused with an error that names the rules. */
export interface PlanLimits {
  readonly rules: number;
  readonly sources: number;
  readonly states: number;
  readonly blobBytes: number;
  /** Of one glob automaton, before it is minimized. */
  readonly glob: Budget;
}

/** Two plans of the greatest size fit in the kernel's arena beside each other, as a change of plan needs. */
export const PLAN_LIMITS: PlanLimits = {
  rules: 100_000,
  sources: KA_MAX_SOURCES,
  states: 600_000,
  blobBytes: 16 * 1024 * 1024 - 4096,
  glob: { states: 16_384, work: 6_000_000 },
};
