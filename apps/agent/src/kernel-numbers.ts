import type { CodedError, Result } from '@kubearmor-ts/result';
import { WorkloadNumbers } from '@kubearmor-ts/workload';
import type { WorkloadKey } from '@kubearmor-ts/workload';
import type { WorkloadEntry } from './workload-entry.ts';

/** The numbers under which the kernel knows workloads, and those it still has to be told are gone. */
export class KernelNumbers {
  readonly #max: number;
  #numbers: WorkloadNumbers;
  readonly #drops = new Map<number, WorkloadKey>();

  constructor(max: number) {
    this.#max = max;
    this.#numbers = new WorkloadNumbers(max);
  }

  get hasDrops(): boolean {
    return this.#drops.size > 0;
  }

  assign(key: WorkloadKey): Result<number> {
    const number = this.#numbers.assign(key);
    if (number.ok) this.#drops.delete(number.value);
    return number;
  }

  /** The workload is gone: its number stays taken until the kernel has let go of it. */
  drop(number: number, key: WorkloadKey): void {
    this.#drops.set(number, key);
  }

  takeDrops(): readonly (readonly [number, WorkloadKey])[] {
    const drops = [...this.#drops];
    this.#drops.clear();
    return drops;
  }

  release(number: number, key: WorkloadKey): void {
    if (this.#numbers.get(key) === number) this.#numbers.release(key);
  }

  /**
   * What the kernel has goes on under its number; others, also those met before the kernel was heard, take free ones.
   * Returns the entries for which there is none, with the reason.
   */
  restart(
    restored: readonly { readonly key: string; readonly workload: number }[],
    entries: ReadonlyMap<string, WorkloadEntry>,
  ): readonly (readonly [WorkloadEntry, CodedError])[] {
    const dropped = new Set<string>(this.#drops.values());
    this.#drops.clear();
    this.#numbers = new WorkloadNumbers(this.#max);
    for (const { key, workload } of restored) {
      const isTaken = this.#numbers.adopt(key as WorkloadKey, workload);
      if (isTaken && dropped.has(key) && !entries.has(key)) this.#drops.set(workload, key as WorkloadKey);
    }
    return [...entries.values()].flatMap((entry) => {
      if (entry.workload === undefined) return [];
      const number = this.#numbers.assign(entry.workload.key);
      if (!number.ok) return [[entry, number.error] as const];
      entry.number = number.value;
      return [];
    });
  }
}
