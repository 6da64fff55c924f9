import { Ring } from '@kubearmor-ts/abi';
import type { FrameHello } from '@kubearmor-ts/abi';
import type { TakenMark } from './event-intake.ts';

const rings: readonly Ring[] = [Ring.ALERTS, Ring.TELEMETRY];
const none: TakenMark = { numbering: 0n, taken: 0n, open: 0n };

/**
 * The newest mark of each ring, until an enforcer has it.
 *
 * Invariants
 *  1. A mark never goes back: neither in its highest number nor in how many it accounts for.
 *  2. A mark of another numbering than the enforcer's is of no use to it and is forgotten.
 */
export class TakenMarks {
  #numbering = 0n;
  readonly #newest: TakenMark[] = rings.map(() => none);
  #changes = 0;
  #told = 0;

  /** What the enforcer kept counts where ours is not ahead of it. */
  greeted(hello: FrameHello): void {
    const hasBegunAgain = hello.numbering !== this.#numbering;
    this.#numbering = hello.numbering;
    this.#told = this.#changes;
    for (const ring of rings) {
      const kept = {
        numbering: hello.numbering,
        taken: hello.taken[ring] ?? 0n,
        open: hello.open[ring] ?? 0n,
      };
      const newest = this.#newest[ring] ?? none;
      if (hasBegunAgain || !isAhead(newest, kept)) this.#newest[ring] = kept;
      else this.#changes += 1;
    }
  }

  /** False when the mark says nothing new. */
  take(mark: TakenMark, ring: Ring): boolean {
    if (mark.numbering !== this.#numbering || !isAhead(mark, this.#newest[ring] ?? none)) return false;
    this.#newest[ring] = mark;
    this.#changes += 1;
    return true;
  }

  /** There is something that no enforcer has confirmed. */
  get isUntold(): boolean {
    return this.#told < this.#changes;
  }

  /** What to send now, and what to call when it was confirmed. */
  telling(): { readonly taken: bigint[]; readonly open: bigint[]; readonly confirmed: () => void } {
    const through = this.#changes;
    return {
      taken: this.#newest.map(({ taken }) => taken),
      open: this.#newest.map(({ open }) => open),
      confirmed: () => {
        if (through > this.#told) this.#told = through;
      },
    };
  }
}

const isAhead = (mark: TakenMark, before: TakenMark): boolean =>
  mark.taken >= before.taken && mark.taken - mark.open > before.taken - before.open;
