import type { Ring } from '@kubearmor-ts/abi';

/** More is let through unexplained rather than kept. */
const HELD_MAX = 20_000;

/**
 * Keeps the records that waited in the kernel for a new agent until it knows again which rules decided them. Opens once,
 * for good.
 */
export class EventHold<T> {
  readonly #pass: (events: readonly T[], ring: Ring) => void;
  readonly #held: (readonly [readonly T[], Ring])[] = [];
  #count = 0;
  #isOpen = false;

  constructor(pass: (events: readonly T[], ring: Ring) => void) {
    this.#pass = pass;
  }

  take(events: readonly T[], ring: Ring): void {
    if (this.#isOpen) {
      this.#pass(events, ring);
      return;
    }
    this.#held.push([events, ring]);
    this.#count += events.length;
    if (this.#count > HELD_MAX) this.open();
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    for (const [events, ring] of this.#held.splice(0)) this.#pass(events, ring);
  }
}
