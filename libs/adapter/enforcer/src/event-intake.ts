import { decodeEventFrame, Ring } from '@kubearmor-ts/abi';
import type { EventAccess, Frame, FrameError, FrameHello } from '@kubearmor-ts/abi';
import { Sequence } from './sequence.ts';
import type { Account } from './sequence.ts';

const rings: readonly Ring[] = [Ring.ALERTS, Ring.TELEMETRY];

/** What may be said to be taken once all batches up to one are written: numbers of this `numbering` alone. */
export interface TakenMark extends Account {
  readonly numbering: bigint;
}

/** Records of one ring in the order they came, and how many others turned out lost since the batch before. */
export interface EventBatch {
  readonly ring: Ring;
  readonly events: readonly EventAccess[];
  readonly lost: bigint;
  /** Covers this batch and all before it, and nothing else. */
  readonly mark: TakenMark;
}

export interface IntakeSink {
  batch(batch: EventBatch): void;
  broken(error: FrameError): void;
}

interface Gathering {
  readonly ring: Ring;
  readonly sequence: Sequence;
  events: EventAccess[];
  lost: bigint;
}

/** Gathers the records of one read into batches per ring and counts those that are missing. */
export class EventIntake {
  readonly #sink: IntakeSink;
  #gatherings: readonly Gathering[] = [];
  #numbering = 0n;

  constructor(sink: IntakeSink) {
    this.#sink = sink;
  }

  /** Of the first enforcer what the agent before us accounted for counts, later what has arrived here. */
  greeted(hello: FrameHello): void {
    if (this.#gatherings.length === 0)
      this.#gatherings = rings.map((ring) => ({
        ring,
        sequence: new Sequence({ taken: hello.taken[ring] ?? 0n, open: hello.open[ring] ?? 0n }),
        events: [],
        lost: 0n,
      }));
    else if (hello.numbering !== this.#numbering)
      for (const gathering of this.#gatherings) gathering.lost += gathering.sequence.beginAgain();
    this.#numbering = hello.numbering;
    for (const { ring, sequence } of this.#gatherings)
      sequence.restart(hello.produced[ring] ?? 0n, hello.waiting[ring] ?? 0n);
    this.flush();
  }

  frame(frame: Frame): void {
    const decoded = decodeEventFrame(frame);
    if (!decoded.ok) {
      this.#gatherings[Number(frame.seq)]?.sequence.unreadable();
      this.#sink.broken(decoded.error);
      return;
    }
    const { ring, event } = decoded.value;
    const gathering = this.#gatherings[ring];
    if (gathering === undefined) return;
    gathering.events.push(event);
    gathering.lost += gathering.sequence.arrived(event.seq);
  }

  /** The kernel's count of records by ring. */
  produced(counts: readonly bigint[]): void {
    for (const { ring, sequence } of this.#gatherings) sequence.produced(counts[ring] ?? 0n);
  }

  /** Hands over what the last read brought. */
  flush(): void {
    for (const gathering of this.#gatherings) {
      const { ring, events, lost, sequence } = gathering;
      if (events.length === 0 && lost === 0n) continue;
      gathering.events = [];
      gathering.lost = 0n;
      this.#sink.batch({ ring, events, lost, mark: { numbering: this.#numbering, ...sequence.account } });
    }
  }

  /** Called once per period. Hands over what has become a loss meanwhile. */
  settle(): void {
    for (const gathering of this.#gatherings) gathering.lost += gathering.sequence.settle();
    this.flush();
  }
}
