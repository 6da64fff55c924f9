import { messageToFormB, toFormB } from '@kubearmor-ts/event';
import type { Journal } from '@kubearmor-ts/journal';
import type { Clock, Service } from '@kubearmor-ts/life';
import {
  Alert,
  Log,
  Message,
  countByKind,
  encodeBatch,
  eventKindNames,
  isEncodedEvent,
  noCursor,
  readEvents,
  throughOf,
  totalOf,
} from '@kubearmor-ts/proto';
import type { BatchHead, Cursor, EventBatch, EventKindName, EventSpan } from '@kubearmor-ts/proto';
import type { FeedKind, LogFeed } from '@kubearmor-ts/stream';

export interface TakeEventsOptions {
  readonly journal: Journal;
  readonly feed: LogFeed;
  /** Prints one JSON line of the kind, when the user asked for it. */
  readonly print: Readonly<Partial<Record<FeedKind, (line: string) => void>>>;
  /** Sees every alert and log, as bytes that may not be what they should be. */
  readonly watch?: (kind: 'alerts' | 'logs', bytes: Buffer) => void;
  readonly clock: Clock;
  /** How long the first of an agent's single messages waits for company on its way to the journal. */
  readonly gatherMs?: number;
}

export interface TakeCounts {
  readonly taken: Readonly<Record<FeedKind, number>>;
  /** Messages of agents that were not what they should be; subscribers do not get them. */
  readonly malformed: number;
  /** Events of a batch that the journal had already. */
  readonly repeated: number;
}

/**
 * Events of agents on their way in: to subscribers and stdout at once, to the journal for every sink.
 *
 *  1. Subscribers get the bytes agents sent, so fields of newer agents survive; what a peer could not decode is
 *     counted and not passed on, since it would end their streams.
 *  2. A numbered event enters the journal once, however often it is sent.
 *  3. An agent hears that a batch is safe when the journal has said so.
 *  4. When the journal cannot keep up, agents are held back; they keep what they cannot send.
 *  5. A batch goes into the journal as it came. Its events are looked for only when somebody here wants them.
 */
export interface TakeEvents extends Service {
  takeMessage(kind: FeedKind, bytes: Buffer): void | Promise<void>;
  takeBatch(
    payload: Buffer,
    head: BatchHead,
    acknowledge: (through: Readonly<Cursor>) => void,
  ): void | Promise<void>;
  /** An alert of the relay's own: to subscribers at once, to the journal ahead of what is taken next. */
  takeNotice(alert: Alert): void;
  counts(): TakeCounts;
}

const mostGathered = 256;
/** A frame of the journal's memory stays or goes whole. */
const mostGatheredBytes = 128 << 10;

export function createTakeEvents(options: TakeEventsOptions): TakeEvents {
  const { journal, feed, print, clock } = options;
  const taken: Record<FeedKind, number> = { alerts: 0, logs: 0, messages: 0 };
  const stopping = new AbortController();
  let malformed = 0;
  let repeated = 0;
  let gathered: EventSpan[] = [];
  let gatheredBytes = 0;

  const isHeard = (kind: FeedKind): boolean =>
    print[kind] !== undefined ||
    feed.hasSubscribers(kind) ||
    (kind !== 'messages' && options.watch !== undefined);

  const tell = (kind: FeedKind, bytes: Buffer): boolean => {
    if (kind !== 'messages') options.watch?.(kind, bytes);
    if (print[kind] === undefined && !feed.hasSubscribers(kind)) return true;
    if (!isEncodedEvent(kind, bytes)) {
      malformed += 1;
      return false;
    }
    try {
      print[kind]?.(lineOf(kind, bytes));
    } catch {
      malformed += 1;
      return false;
    }
    feed.publishRaw(kind, bytes);
    return true;
  };

  const flush = (): void => {
    const events = gathered;
    gathered = [];
    gatheredBytes = 0;
    if (events.length === 0) return;
    const batch: EventBatch = { streamId: '', first: noCursor, missed: noCursor, events };
    void journal.append(encodeBatch(batch), headOf(batch));
  };

  const takeMessage = (kind: FeedKind, bytes: Buffer): void | Promise<void> => {
    taken[kind] += 1;
    if (!tell(kind, bytes) || kind === 'messages') return;
    gathered.push({ kind, payload: bytes });
    gatheredBytes += bytes.length;
    if (gathered.length >= mostGathered || gatheredBytes >= mostGatheredBytes) flush();
    else if (gathered.length === 1) void clock.sleep(options.gatherMs ?? 10, stopping.signal).then(flush);
    return journal.whenRoom();
  };

  /** To those who want them now; what cannot be read here, no reader of the journal can read, and counts it. */
  const tellBatch = (payload: Buffer): void => {
    for (const event of readEvents(payload) ?? []) tell(event.kind, event.payload);
  };

  const takeNotice = (alert: Alert): void => {
    taken.alerts += 1;
    const payload = Buffer.from(Alert.encode(alert).finish());
    if (!tell('alerts', payload)) return;
    gathered.push({ kind: 'alerts', payload });
    flush();
  };

  const takeBatch: TakeEvents['takeBatch'] = (payload, head, acknowledge) => {
    const known = journal.cursorOf(head.streamId) ?? noCursor;
    const fresh = withoutKnown(payload, head, known);
    repeated += totalOf(head.counts) - totalOf(fresh.head.counts);
    if (totalOf(fresh.head.counts) === 0) return;
    const through = throughOf(fresh.head, known);
    void journal.append(fresh.payload, fresh.head).then((isSafe) => {
      if (isSafe) acknowledge(through);
    });
    for (const kind of eventKindNames) taken[kind] += fresh.head.counts[kind];
    if (eventKindNames.some((kind) => fresh.head.counts[kind] > 0 && isHeard(kind))) tellBatch(fresh.payload);
    return journal.whenRoom();
  };

  return {
    name: 'intake',
    takeMessage,
    takeBatch,
    takeNotice,
    counts: () => ({ taken: { ...taken }, malformed, repeated }),
    start: () => Promise.resolve(),
    stop: () => {
      stopping.abort();
      flush();
      return Promise.resolve();
    },
  };
}

function lineOf(kind: FeedKind, bytes: Buffer): string {
  if (kind === 'messages') return messageToFormB(Message.decode(bytes));
  return toFormB(kind === 'alerts' ? Alert.decode(bytes) : Log.decode(bytes));
}

const headOf = (batch: EventBatch): BatchHead => ({ ...batch, counts: countByKind(batch.events) });

interface Taken {
  readonly payload: Buffer;
  readonly head: BatchHead;
}

/** The part of a batch whose numbers are beyond those known; all of it, untouched, when that is all. */
function withoutKnown(payload: Buffer, head: BatchHead, known: Readonly<Cursor>): Taken {
  const surplus = (kind: EventKindName): number =>
    head.first[kind] === 0 ? 0 : Math.min(head.counts[kind], Math.max(0, known[kind] - head.first[kind] + 1));
  const left = { alerts: surplus('alerts'), logs: surplus('logs'), messages: surplus('messages') };
  if (totalOf(left) === 0) return { payload, head };
  if (totalOf(left) === totalOf(head.counts)) return { payload, head: { ...head, counts: noCursor } };
  const first = { ...head.first };
  const all = readEvents(payload);
  // Kept as it is: who reads the journal counts what is none.
  if (all === undefined) return { payload, head };
  const events = all.filter(({ kind }) => {
    if (left[kind] === 0) return true;
    left[kind] -= 1;
    first[kind] += 1;
    return false;
  });
  const counts = countByKind(events);
  for (const kind of eventKindNames) if (counts[kind] === 0) first[kind] = 0;
  const batch: EventBatch = { ...head, first, events };
  return { payload: encodeBatch(batch), head: { ...head, first, counts } };
}
