import { planWorkload } from '@kubearmor-ts/plan';
import type { EnforcementPlan, PlanError } from '@kubearmor-ts/plan';
import { policyKey } from '@kubearmor-ts/policy';
import type { Policy, PolicyMode, Postures } from '@kubearmor-ts/policy';
import type { Result } from '@kubearmor-ts/result';

export interface Compiled {
  readonly plan: EnforcementPlan;
  /** The policies that the plan really holds, by key. */
  readonly policies: ReadonlyMap<string, Policy>;
  readonly postures: Postures;
  /** Policies that stand in the way of a plan, with what was done instead. */
  readonly refusals: readonly Refusal[];
}

export interface Refusal {
  readonly error: PlanError;
  readonly policies: readonly string[];
  /** Of those, the ones whose earlier version stays in force. */
  readonly kept: readonly string[];
}

export interface CompileCounts {
  compiled: number;
  shared: number;
  refused: number;
  lastMs: number;
  longestMs: number;
  totalMs: number;
}

/** Each try leaves out at least one policy; a set that is still too much then keeps the previous plan. */
const MAX_TRIES = 16;

/**
 * Compiles the policies of a workload; equal sets are compiled once. A policy that cannot be part of a plan is replaced
 * by the version of it that is in force, or left out, so that the others are enforced.
 */
export class PlanCompiler {
  readonly #nowMs: () => number;
  readonly #numbers = new WeakMap<Policy, number>();
  readonly #results = new Map<string, Result<EnforcementPlan, PlanError>>();
  #used = new Set<string>();
  #next = 1;
  readonly counts: CompileCounts = {
    compiled: 0,
    shared: 0,
    refused: 0,
    lastMs: 0,
    longestMs: 0,
    totalMs: 0,
  };

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Undefined with only refusals when no plan could be made at all. */
  compile(
    wanted: Iterable<Policy>,
    inForce: ReadonlyMap<string, Policy>,
    postures: Postures,
    mode: PolicyMode,
  ): Compiled | { readonly plan: undefined; readonly refusals: readonly Refusal[] } {
    const policies = new Map([...wanted].map((policy) => [policyKey(policy.id), policy]));
    const refusals: Refusal[] = [];
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const result = this.#planOf(policies, postures, mode);
      if (result.ok) return { plan: result.value, policies, postures, refusals };
      const blamed = [...new Set(result.error.rules.map((rule) => policyKey(rule.policy)))].filter((key) =>
        policies.has(key),
      );
      const kept: string[] = [];
      for (const key of blamed) {
        const earlier = inForce.get(key);
        if (earlier !== undefined && earlier !== policies.get(key)) {
          policies.set(key, earlier);
          kept.push(key);
        } else {
          policies.delete(key);
        }
      }
      refusals.push({ error: result.error, policies: blamed, kept });
      if (blamed.length === 0) break;
    }
    return { plan: undefined, refusals };
  }

  /** Forgets plans that are not in force, and refusals that nobody met since the last call. */
  sweep(inForce: ReadonlySet<EnforcementPlan>): void {
    for (const [key, result] of this.#results) {
      const isNeeded = result.ok ? inForce.has(result.value) : this.#used.has(key);
      if (!isNeeded) this.#results.delete(key);
    }
    this.#used = new Set();
  }

  get size(): number {
    return this.#results.size;
  }

  #planOf(
    policies: ReadonlyMap<string, Policy>,
    postures: Postures,
    mode: PolicyMode,
  ): Result<EnforcementPlan, PlanError> {
    const numbers = [...policies.values()].map((policy) => this.#numberOf(policy)).sort((a, b) => a - b);
    const key = `${mode} ${postures.file} ${postures.network} ${postures.capabilities} ${numbers.join(' ')}`;
    this.#used.add(key);
    const known = this.#results.get(key);
    if (known !== undefined) {
      this.counts.shared += 1;
      return known;
    }
    const startMs = this.#nowMs();
    const result = planWorkload({
      rules: [...policies.values()].flatMap((policy) => policy.rules),
      postures,
      mode,
    });
    this.#count(this.#nowMs() - startMs, result.ok);
    this.#results.set(key, result);
    return result;
  }

  #count(ms: number, isOk: boolean): void {
    this.counts.compiled += 1;
    if (!isOk) this.counts.refused += 1;
    this.counts.lastMs = ms;
    this.counts.longestMs = Math.max(this.counts.longestMs, ms);
    this.counts.totalMs += ms;
  }

  #numberOf(policy: Policy): number {
    const known = this.#numbers.get(policy);
    if (known !== undefined) return known;
    const number = this.#next;
    this.#next += 1;
    this.#numbers.set(policy, number);
    return number;
  }
}
