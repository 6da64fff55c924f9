/** Which plans the kernel surely holds: those that some workload number is bound to. Others may be freed at any time. */
export class KernelPlans {
  readonly #byWorkload = new Map<number, bigint>();
  readonly #uses = new Map<bigint, number>();

  reset(restored: Iterable<{ readonly workload: number; readonly contentHash: bigint }>): void {
    this.#byWorkload.clear();
    this.#uses.clear();
    for (const { workload, contentHash } of restored) this.set(workload, contentHash);
  }

  has(contentHash: bigint): boolean {
    return contentHash === 0n || this.#uses.has(contentHash);
  }

  set(workload: number, contentHash: bigint): void {
    this.drop(workload);
    this.#byWorkload.set(workload, contentHash);
    this.#uses.set(contentHash, (this.#uses.get(contentHash) ?? 0) + 1);
  }

  drop(workload: number): void {
    const before = this.#byWorkload.get(workload);
    if (before === undefined) return;
    this.#byWorkload.delete(workload);
    const left = (this.#uses.get(before) ?? 1) - 1;
    if (left === 0) this.#uses.delete(before);
    else this.#uses.set(before, left);
  }
}
