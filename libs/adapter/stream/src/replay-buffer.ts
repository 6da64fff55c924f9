import { eventKindNames } from '@kubearmor-ts/proto';
import type { Cursor, EventBatch, EventKindName, EventSpan } from '@kubearmor-ts/proto';

export interface ReplayOptions {
  /** Names this run of the agent. */
  readonly streamId: string;
  /** Encoded events, all kinds together. */
  readonly maxBytes: number;
  /** A longer event is not taken: it could not be sent, and nothing behind it either. */
  readonly maxEventBytes?: number;
}

export interface ReplayCounts {
  readonly heldBytes: number;
  readonly held: Readonly<Cursor>;
  /** Numbers given out so far. */
  readonly published: Readonly<Cursor>;
  /** Pushed out before every known reader had them. */
  readonly dropped: Readonly<Cursor>;
  /** Too long to be taken. */
  readonly oversized: number;
}

interface Held {
  /** Among all kinds: what happened first. */
  readonly order: number;
  readonly payload: Buffer;
}

/** Telemetry goes before what people must know; alerts go last. */
const leastFirst = ['logs', 'messages', 'alerts'] as const satisfies readonly EventKindName[];

/**
 * What relays have not acknowledged yet, numbered.
 *
 *  1. Events of a kind are numbered from 1 without a hole, and held in one unbroken run up to the youngest: what is
 *     missing for a reader is always a difference of two numbers.
 *  2. Never more than `maxBytes`. Logs are pushed out before messages, messages before alerts, the oldest first.
 *  3. An event goes when every known reader has acknowledged it. While none is known, the youngest are held for the
 *     first one to come.
 */
export class ReplayBuffer {
  readonly streamId: string;
  private readonly maxBytes: number;
  private readonly maxEventBytes: number;
  private readonly rings: Readonly<Record<EventKindName, Ring>> = {
    alerts: new Ring(),
    logs: new Ring(),
    messages: new Ring(),
  };
  private readonly acknowledged = new Map<string, Readonly<Cursor>>();
  private readonly listeners = new Set<() => void>();
  private heldBytes = 0;
  private order = 0;
  private oversized = 0;

  constructor(options: ReplayOptions) {
    this.streamId = options.streamId;
    this.maxBytes = options.maxBytes;
    this.maxEventBytes = Math.min(options.maxEventBytes ?? 1 << 20, options.maxBytes);
  }

  /** `payload` is one encoded event; it must not change afterwards. */
  publish(kind: EventKindName, payload: Buffer): void {
    if (payload.length > this.maxEventBytes) {
      this.oversized += 1;
      return;
    }
    this.order += 1;
    this.heldBytes += payload.length;
    this.rings[kind].push({ order: this.order, payload });
    while (this.heldBytes > this.maxBytes) this.pushOut();
    for (const listener of this.listeners) listener();
  }

  /** Called after every publish until the returned function is. */
  onPublish(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** A reader that is known from now on; what it has not acknowledged is held for it. */
  know(reader: string, through: Readonly<Cursor>): void {
    this.acknowledged.set(reader, this.clamp(through));
    this.release();
  }

  forget(reader: string): void {
    this.acknowledged.delete(reader);
    this.release();
  }

  acknowledge(reader: string, through: Readonly<Cursor>): void {
    const before = this.acknowledged.get(reader);
    if (before === undefined) return;
    const clamped = this.clamp(through);
    this.acknowledged.set(
      reader,
      each((kind) => Math.max(before[kind], clamped[kind])),
    );
    this.release();
  }

  /** The numbers before the oldest held events: where a reader that wants what there is begins. */
  beforeOldest(): Cursor {
    return each((kind) => this.rings[kind].first - 1);
  }

  /** What a reader's numbers can mean here: none is beyond what was given out. */
  clamp(cursor: Readonly<Cursor>): Cursor {
    return each((kind) => Math.min(Math.max(0, Math.floor(cursor[kind])), this.rings[kind].last));
  }

  /** Events behind the reader's place, in the order they happened; undefined when it has all. */
  read(after: Readonly<Cursor>, maxEvents: number, maxBytes: number): EventBatch | undefined {
    const missed = each((kind) => Math.max(0, this.rings[kind].first - 1 - after[kind]));
    const start = each((kind) => after[kind] + missed[kind] + 1);
    const next = { ...start };
    const events: EventSpan[] = [];
    for (let bytes = 0; events.length < maxEvents && bytes < maxBytes;) {
      const kind = this.oldestKind(next);
      if (kind === undefined) break;
      const { payload } = this.rings[kind].at(next[kind])!;
      events.push({ kind, payload });
      bytes += payload.length;
      next[kind] += 1;
    }
    if (events.length === 0 && eventKindNames.every((kind) => missed[kind] === 0)) return undefined;
    const first = each((kind) => (next[kind] > start[kind] ? start[kind] : 0));
    return { streamId: this.streamId, first, missed, events };
  }

  counts(): ReplayCounts {
    return {
      heldBytes: this.heldBytes,
      held: each((kind) => this.rings[kind].last - this.rings[kind].first + 1),
      published: each((kind) => this.rings[kind].last),
      dropped: each((kind) => this.rings[kind].dropped),
      oversized: this.oversized,
    };
  }

  private oldestKind(next: Readonly<Cursor>): EventKindName | undefined {
    let found: EventKindName | undefined;
    let least = Infinity;
    for (const kind of eventKindNames) {
      const order = this.rings[kind].at(next[kind])?.order ?? Infinity;
      if (order >= least) continue;
      least = order;
      found = kind;
    }
    return found;
  }

  private pushOut(): void {
    const kind = leastFirst.find((name) => this.rings[name].last >= this.rings[name].first);
    if (kind === undefined) return;
    this.heldBytes -= this.rings[kind].shift();
    if (this.acknowledged.size > 0) this.rings[kind].dropped += 1;
  }

  private release(): void {
    if (this.acknowledged.size === 0) return;
    for (const kind of eventKindNames) {
      const done = Math.min(...[...this.acknowledged.values()].map((cursor) => cursor[kind]));
      const ring = this.rings[kind];
      while (ring.first <= done) this.heldBytes -= ring.shift();
    }
  }
}

const each = (read: (kind: EventKindName) => number): Cursor => ({
  alerts: read('alerts'),
  logs: read('logs'),
  messages: read('messages'),
});

/** An unbroken run of numbered events. */
class Ring {
  /** Number of the oldest held event; `last + 1` when there is none. */
  first = 1;
  dropped = 0;
  private items: (Held | undefined)[] = [];
  private head = 0;

  get last(): number {
    return this.first + (this.items.length - this.head) - 1;
  }

  push(item: Held): void {
    this.items.push(item);
  }

  at(number: number): Held | undefined {
    return number < this.first ? undefined : this.items[this.head + number - this.first];
  }

  /** The bytes of the oldest event, which is gone. */
  shift(): number {
    const bytes = this.items[this.head]?.payload.length ?? 0;
    this.items[this.head] = undefined;
    this.head += 1;
    this.first += 1;
    if (this.head >= 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return bytes;
  }
}
