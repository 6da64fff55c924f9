import { decodeEventFrame, Ring } from '@kubearmor-ts/abi';
import type { EventAccess, Frame, FrameError, FrameHello } from '@kubearmor-ts/abi';
import { Sequence } from './sequence.ts';

const rings: readonly Ring[] = [Ring.ALERTS, Ring.TELEMETRY];

export interface IntakeSink {
  /** `through`: every record up to this number has come or been counted as lost. */
  events(events: readonly EventAccess[], ring: Ring, through: bigint): void;
  lost(count: bigint, ring: Ring): void;
  broken(error: FrameError): void;
}

/** Gathers the records of one read into batches per ring and counts those that are missing. */
export class EventIntake {
  readonly #sink: IntakeSink;
  #sequences: readonly Sequence[] | undefined;
  #batches: readonly EventAccess[][] = rings.map(() => []);

  constructor(sink: IntakeSink) {
    this.#sink = sink;
  }

  /** Of the first enforcer what the agent before us has taken counts, later what has arrived here. */
  greeted(hello: FrameHello): void {
    this.#sequences ??= rings.map((ring) => new Sequence(hello.taken[ring] ?? 0n));
    rings.forEach((ring) =>
      this.#sequences?.[ring]?.restart(hello.produced[ring] ?? 0n, hello.waiting[ring] ?? 0n),
    );
  }

  frame(frame: Frame): void {
    const decoded = decodeEventFrame(frame);
    if (!decoded.ok) {
      this.#sink.broken(decoded.error);
      return;
    }
    const { ring, event } = decoded.value;
    this.#batches[ring]?.push(event);
    const lost = this.#sequences?.[ring]?.arrived(event.seq) ?? 0n;
    if (lost > 0n) this.#sink.lost(lost, ring);
  }

  /** The kernel's count of records by ring. */
  produced(counts: readonly bigint[]): void {
    rings.forEach((ring) => this.#sequences?.[ring]?.produced(counts[ring] ?? 0n));
  }

  /** Hands over what the last read brought. */
  flush(): void {
    for (const ring of rings) {
      const batch = this.#batches[ring];
      if (batch === undefined || batch.length === 0) continue;
      this.#batches = this.#batches.map((other, i) => (i === ring ? [] : other));
      this.#sink.events(batch, ring, this.#sequences?.[ring]?.settled ?? 0n);
    }
  }

  settle(): void {
    for (const ring of rings) {
      const lost = this.#sequences?.[ring]?.settle() ?? 0n;
      if (lost > 0n) this.#sink.lost(lost, ring);
    }
  }
}
