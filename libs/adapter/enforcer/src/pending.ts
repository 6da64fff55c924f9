import { Code, decodeFrameAck, decodeFrameStats, FrameKind } from '@kubearmor-ts/abi';
import type { Frame, FrameStats } from '@kubearmor-ts/abi';
import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { refusal } from './errors.ts';
import type { EnforcerFault } from './errors.ts';

export type Answer = Result<FrameStats | undefined, EnforcerFault>;

interface Waiter {
  readonly object: string;
  readonly sentMs: number;
  readonly resolve: (answer: Answer) => void;
}

/** Commands sent and not answered, by request number. */
export class Pending {
  readonly #waiters = new Map<bigint, Waiter>();
  #seq = 0n;

  get size(): number {
    return this.#waiters.size;
  }

  /** Milliseconds since the oldest one was sent; 0 when none waits. */
  oldestMs(nowMs: number): number {
    const first = this.#waiters.values().next();
    return first.done === true ? 0 : nowMs - first.value.sentMs;
  }

  open(object: string, nowMs: number): { readonly seq: bigint; readonly answer: Promise<Answer> } {
    const seq = ++this.#seq;
    const answer = new Promise<Answer>((resolve) =>
      this.#waiters.set(seq, { object, sentMs: nowMs, resolve }),
    );
    return { seq, answer };
  }

  /** Takes an ACK or STATS frame; false if nobody waits for it. */
  answer(frame: Frame): boolean {
    const waiter = this.#waiters.get(frame.seq);
    if (waiter === undefined) return false;
    this.#waiters.delete(frame.seq);
    if (frame.kind === FrameKind.STATS) waiter.resolve(ok(decodeFrameStats(frame.bytes, 0)));
    else {
      const ack = decodeFrameAck(frame.bytes, 0);
      waiter.resolve(ack.code === Code.OK ? ok(undefined) : fail(refusal(waiter.object, ack)));
    }
    return true;
  }

  failAll(error: EnforcerFault): void {
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.resolve(fail({ ...error, object: waiter.object }));
  }
}
