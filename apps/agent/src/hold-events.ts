import type { EventBatch } from '@kubearmor-ts/enforcer';

/** More is let through unexplained rather than kept. */
const HELD_MAX = 20_000;

/**
 * Keeps the batches that waited in the kernel for a new agent until it knows again which rules decided them, in their
 * order: a mark covers what came before it. Opens once, for good.
 */
export class EventHold {
  readonly #pass: (batch: EventBatch) => void;
  readonly #held: EventBatch[] = [];
  #count = 0;
  #isOpen = false;

  constructor(pass: (batch: EventBatch) => void) {
    this.#pass = pass;
  }

  take(batch: EventBatch): void {
    if (this.#isOpen) {
      this.#pass(batch);
      return;
    }
    this.#held.push(batch);
    this.#count += Math.max(1, batch.events.length);
    if (this.#count > HELD_MAX) this.open();
  }

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    for (const batch of this.#held.splice(0)) this.#pass(batch);
  }
}
