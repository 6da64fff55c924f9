/** Of the numbers up to `taken`, the highest that came or was told as lost, all but `open` came or were told. */
export interface Account {
  readonly taken: bigint;
  readonly open: bigint;
}

/**
 * Counts the records of one ring that never arrive. Numbers are given out before a record enters the ring, by many
 * CPUs at once, so neighbours may arrive in the wrong order: a number is lost only when `window` later ones have come,
 * or when it stayed away for a whole `settle` period. The last ones of a burst have no later ones: of those the kernel
 * tells (`produced`), and they are lost when nothing has come for two periods since.
 *
 * Each number given out is in exactly one of these places:
 *
 *   1 ──────── floor ──────── settled ──────── account.taken ──────── produced
 *      came, told,    came or told     came (`early`)        not known here,
 *      or one of                       or open               or known to exist
 *      `openBelow`
 *
 * Invariants
 *  1. A number is told as lost at most once, and never after it came.
 *  2. Which of the numbers up to `floor` are open is not known, only how many: an agent before this one left them.
 *     None of those that came comes again, so whatever does come from there was open.
 *  3. `early` holds only numbers above `settled` + 1, fewer than `window`.
 */
export class Sequence {
  readonly #window: number;
  readonly #early = new Set<bigint>();
  #floor: bigint;
  #openBelow: bigint;
  #isOpenBelowOld = false;
  #settled: bigint;
  #highest: bigint;
  /** Numbers up to here are known to have been given out. */
  #known: bigint;
  #oldKnown: bigint;
  #waiting = 0n;
  /** What the kernel said it has given out, as of the last arrival or before. */
  #produced = 0n;
  #quietPeriods = 0;

  /** `before`: what the agent before this one accounted for. */
  constructor(before: Account, window = 1024) {
    this.#window = window;
    this.#floor = this.#settled = this.#highest = before.taken;
    this.#known = this.#oldKnown = before.taken;
    this.#openBelow = before.open;
  }

  get account(): Account {
    const came = BigInt(this.#early.size);
    return { taken: this.#highest, open: this.#openBelow + this.#highest - this.#settled - came };
  }

  get keptNumbers(): number {
    return this.#early.size;
  }

  /**
   * A new enforcer reads the ring, which gave out numbers up to `produced` and holds `waiting` records. The others came
   * or never will, but for those that were just being written: they get the time that all numbers get.
   */
  restart(produced: bigint, waiting: bigint): void {
    if (produced > this.#known) this.#known = produced;
    this.#oldKnown = this.#settled;
    this.#isOpenBelowOld = false;
    this.#produced = 0n;
    this.#quietPeriods = 0;
    this.#waiting = waiting;
  }

  /** The kernel counts from 1 again. Returns how many of the old numbers are lost: those that did not come by now. */
  beginAgain(): bigint {
    if (this.#produced > this.#known) this.#known = this.#produced;
    const lost = this.#openBelow + this.#skip(this.#known);
    this.#floor = this.#settled = this.#highest = 0n;
    this.#known = this.#oldKnown = this.#produced = 0n;
    this.#openBelow = this.#waiting = 0n;
    this.#early.clear();
    return lost;
  }

  /** The kernel's own count; records up to it may still be on their way. */
  produced(seq: bigint): void {
    if (seq <= this.#produced) return;
    this.#produced = seq;
    this.#quietPeriods = 0;
  }

  /** Returns how many records turn out lost. */
  arrived(seq: bigint): bigint {
    this.#oneCame();
    if (seq > this.#known) this.#known = seq;
    if (seq <= this.#floor) {
      if (this.#openBelow > 0n) this.#openBelow -= 1n;
      return 0n;
    }
    if (seq <= this.#settled) return 0n;
    if (seq > this.#highest) this.#highest = seq;
    if (seq === this.#settled + 1n) {
      this.#settled = seq;
      this.#advance();
      return 0n;
    }
    this.#early.add(seq);
    return this.#early.size < this.#window ? 0n : this.#skip(this.#lowestEarly() - 1n);
  }

  /** A record came whose number cannot be read: it will be missing. */
  unreadable(): void {
    this.#oneCame();
  }

  /** Called once per period: gives up numbers that were known to exist a period ago and have not come. */
  settle(): bigint {
    // Not after one: its end can come before what has arrived meanwhile is read.
    if (this.#quietPeriods === 2 && this.#produced > this.#known)
      this.#oldKnown = this.#known = this.#produced;
    this.#quietPeriods = Math.min(this.#quietPeriods + 1, 2);
    let lost = 0n;
    if (this.#waiting === 0n) {
      lost = this.#skip(this.#oldKnown);
      if (this.#isOpenBelowOld) {
        lost += this.#openBelow;
        this.#openBelow = 0n;
      }
    }
    this.#isOpenBelowOld = true;
    this.#oldKnown = this.#known;
    return lost;
  }

  #oneCame(): void {
    this.#quietPeriods = 0;
    if (this.#waiting > 0n) this.#waiting -= 1n;
  }

  #lowestEarly(): bigint {
    let lowest = this.#highest;
    for (const seq of this.#early) if (seq < lowest) lowest = seq;
    return lowest;
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
    if (upTo > this.#highest) this.#highest = upTo;
    this.#advance();
    return lost;
  }
}
