import type { Ring } from '@kubearmor-ts/abi';

/** More is let through unexplained rather than kept. */
const HELD_MAX = 20_000;

/** `through`: with these, every record of the ring up to this number has come or been told as lost. */
type PassEvents<T> = (events: readonly T[], ring: Ring, through: bigint) => void;

/**
 * Keeps the records that waited in the kernel for a new agent until it knows again which rules decided them. Opens once,
 * for good.
 */
export class EventHold<T> {
  readonly #pass: PassEvents<T>;
  readonly #held: Parameters<PassEvents<T>>[] = [];
  #count = 0;
  #isOpen = false;

  constructor(pass: PassEvents<T>) {
    this.#pass = pass;
  }

  take(...batch: Parameters<PassEvents<T>>): void {
    if (this.#isOpen) {
      this.#pass(...batch);
      return;
    }
    const [events] = batch;
    this.#held.push(batch);
    this.#count += events.length;
    if (this.#count > HELD_MAX) this.open();
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    for (const batch of this.#held.splice(0)) this.#pass(...batch);
  }
}
