import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import type { WorkloadKey } from './workload.ts';

/** Kernel numbers of workloads. A number that was just released is the last to be given out again. */
export class WorkloadNumbers {
  readonly #limit: number;
  readonly #byKey = new Map<WorkloadKey, number>();
  readonly #taken = new Set<number>();
  #next = 1;

  /** `limit` is KA_MAX_WORKLOADS: numbers 1 … limit - 1 exist. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes over what the kernel still holds; the first of two claims on one number or key wins. */
  adopt(key: WorkloadKey, number: number): boolean {
    if (number < 1 || number >= this.#limit || this.#taken.has(number) || this.#byKey.has(key)) return false;
    this.#byKey.set(key, number);
    this.#taken.add(number);
    return true;
  }

  get(key: WorkloadKey): number | undefined {
    return this.#byKey.get(key);
  }

  assign(key: WorkloadKey): Result<number> {
    const known = this.#byKey.get(key);
    if (known !== undefined) return ok(known);
    for (let tries = 1; tries < this.#limit; tries += 1) {
      const number = this.#next;
      this.#next = number + 1 < this.#limit ? number + 1 : 1;
      if (!this.#taken.has(number)) {
        this.#byKey.set(key, number);
        this.#taken.add(number);
        return ok(number);
      }
    }
    return fail({
      code: 'KA_WORKLOAD_NUMBERS_EXHAUSTED',
      reason: 'TooManyWorkloads',
      message: `the node already has ${this.#limit - 1} workloads, as many as the kernel tables hold`,
      object: key,
    });
  }

  release(key: WorkloadKey): number | undefined {
    const number = this.#byKey.get(key);
    if (number === undefined) return undefined;
    this.#byKey.delete(key);
    this.#taken.delete(number);
    return number;
  }

  get size(): number {
    return this.#byKey.size;
  }
}
