/**
 * Counts the records of one ring that never arrive. Numbers are given out before a record enters the ring, by many
 * CPUs at once, so neighbours may arrive in the wrong order: a number is lost only when `window` later ones have come,
 * or when it stayed away for a whole `settle` period. The last ones of a burst have no later ones: of those the kernel
 * tells (`produced`), and they are lost when nothing has come for two periods since.
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
  /** What the kernel said it has given out, as of the last arrival or before. */
  #produced = 0n;
  #quietPeriods = 0;

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
    this.#produced = 0n;
    this.#oldKnown = waiting === 0n ? produced : this.#settled;
    this.#waiting = waiting;
  }

  /** The kernel's own count; records up to it may still be on their way. */
  produced(seq: bigint): void {
    if (seq <= this.#produced) return;
    this.#produced = seq;
    this.#quietPeriods = 0;
  }

  /** Returns how many records turn out lost. */
  arrived(seq: bigint): bigint {
    this.#quietPeriods = 0;
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
    // Not after one: its end can come before what has arrived meanwhile is read.
    if (this.#quietPeriods === 2 && this.#produced > this.#known)
      this.#oldKnown = this.#known = this.#produced;
    this.#quietPeriods = Math.min(this.#quietPeriods + 1, 2);
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
