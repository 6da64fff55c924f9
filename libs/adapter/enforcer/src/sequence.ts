/**
 * Counts the records of one ring that never arrive. Numbers are given out before a record enters the ring, by many
 * CPUs at once, so neighbours may arrive in the wrong order: a number is lost only when `window` later ones have come,
 * or when it stayed away for a whole `settle` period.
 *
 * Invariants
 *  1. Every number up to `settled` has either arrived or been counted as lost.
 *  2. `early` holds only numbers above `settled` + 1, fewer than `window`.
 */
export class Sequence {
  readonly #window: number;
  readonly #early = new Set<bigint>();
  #settled: bigint;
  /** Numbers up to here are known to have been given out. */
  #known: bigint;
  #oldKnown: bigint;
  #waiting = 0n;

  /** `settled`: everything up to it was taken before. */
  constructor(settled: bigint, window = 1024) {
    this.#window = window;
    this.#settled = settled;
    this.#known = settled;
    this.#oldKnown = settled;
  }

  /** The highest number with nothing open before it: safe to report as taken. */
  get settled(): bigint {
    return this.#settled;
  }

  /** A restart: what was produced and is not in the ring any more either came before or never will. */
  restart(produced: bigint, waiting: bigint): void {
    if (produced < this.#settled) {
      // The kernel side was loaded anew and counts from 1 again.
      this.#settled = 0n;
      this.#early.clear();
    }
    this.#known = produced;
    this.#oldKnown = waiting === 0n ? produced : this.#settled;
    this.#waiting = waiting;
  }

  /** Returns how many records turn out lost. */
  arrived(seq: bigint): bigint {
    if (this.#waiting > 0n) this.#waiting -= 1n;
    if (seq > this.#known) this.#known = seq;
    if (seq <= this.#settled) return 0n;
    if (seq === this.#settled + 1n) {
      this.#settled = seq;
      this.#advance();
      return 0n;
    }
    this.#early.add(seq);
    return this.#early.size < this.#window ? 0n : this.#skip(this.#settled + BigInt(this.#window));
  }

  /** Called once per period: gives up numbers that were known to exist a period ago and have not come. */
  settle(): bigint {
    const lost = this.#waiting > 0n ? 0n : this.#skip(this.#oldKnown);
    this.#oldKnown = this.#known;
    return lost;
  }

  #advance(): void {
    while (this.#early.delete(this.#settled + 1n)) this.#settled += 1n;
  }

  #skip(upTo: bigint): bigint {
    if (upTo <= this.#settled) return 0n;
    let came = 0n;
    for (const seq of this.#early) {
      if (seq > upTo) continue;
      came += 1n;
      this.#early.delete(seq);
    }
    const lost = upTo - this.#settled - came;
    this.#settled = upTo;
    this.#advance();
    return lost;
  }
}
