import { messageToFormB, toFormB } from '@kubearmor-ts/event';
import type { Journal } from '@kubearmor-ts/journal';
import type { Clock, Service } from '@kubearmor-ts/life';
import { Alert, Log, Message, encodeBatch, eventKindNames, noCursor, throughOf } from '@kubearmor-ts/proto';
import type { Cursor, EventBatch, EventKindName, EventSpan } from '@kubearmor-ts/proto';
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
 *  1. Subscribers get the bytes agents sent, so fields of newer agents survive; a message that cannot be decoded is
 *     counted and not passed on, since it would end their streams.
 *  2. A numbered event enters the journal once, however often it is sent.
 *  3. An agent hears that a batch is safe when the journal has said so.
 *  4. When the journal cannot keep up, agents are held back; they keep what they cannot send.
 */
export interface TakeEvents extends Service {
  takeMessage(kind: FeedKind, bytes: Buffer): void | Promise<void>;
  takeBatch(
    payload: Buffer,
    batch: EventBatch,
    acknowledge: (through: Readonly<Cursor>) => void,
  ): void | Promise<void>;
  /** An alert of the relay's own: to subscribers at once, to the journal ahead of what is taken next. */
  takeNotice(alert: Alert): void;
  counts(): TakeCounts;
}

const mostGathered = 256;

export function createTakeEvents(options: TakeEventsOptions): TakeEvents {
  const { journal, feed, print, clock } = options;
  const taken: Record<FeedKind, number> = { alerts: 0, logs: 0, messages: 0 };
  const stopping = new AbortController();
  let malformed = 0;
  let repeated = 0;
  let gathered: EventSpan[] = [];

  const tell = (kind: FeedKind, bytes: Buffer): boolean => {
    taken[kind] += 1;
    if (kind !== 'messages') options.watch?.(kind, bytes);
    if (print[kind] === undefined && !feed.hasSubscribers(kind)) return true;
    try {
      const line = lineOf(kind, bytes, print[kind] !== undefined);
      print[kind]?.(line);
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
    if (events.length === 0) return;
    const batch: EventBatch = { streamId: '', first: noCursor, missed: noCursor, events };
    void journal.append(encodeBatch(batch), batch);
  };

  const takeMessage = (kind: FeedKind, bytes: Buffer): void | Promise<void> => {
    if (!tell(kind, bytes) || kind === 'messages') return;
    gathered.push({ kind, payload: bytes });
    if (gathered.length >= mostGathered) flush();
    else if (gathered.length === 1) void clock.sleep(options.gatherMs ?? 10, stopping.signal).then(flush);
    return journal.whenRoom();
  };

  const takeNotice = (alert: Alert): void => {
    const payload = Buffer.from(Alert.encode(alert).finish());
    if (!tell('alerts', payload)) return;
    gathered.push({ kind: 'alerts', payload });
    flush();
  };

  const takeBatch: TakeEvents['takeBatch'] = (payload, batch, acknowledge) => {
    const known = journal.cursorOf(batch.streamId) ?? noCursor;
    const fresh = withoutKnown(batch, known);
    repeated += batch.events.length - fresh.events.length;
    if (fresh.events.length === 0) return;
    const through = throughOf(fresh, known);
    const bytes = fresh === batch ? payload : encodeBatch(fresh);
    void journal.append(bytes, fresh).then((isSafe) => {
      if (isSafe) acknowledge(through);
    });
    for (const event of fresh.events) tell(event.kind, event.payload);
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

/** Decodes in any case; the text only where it is printed. */
function lineOf(kind: FeedKind, bytes: Buffer, isPrinted: boolean): string {
  if (kind === 'messages') {
    const message = Message.decode(bytes);
    return isPrinted ? messageToFormB(message) : '';
  }
  const event = kind === 'alerts' ? Alert.decode(bytes) : Log.decode(bytes);
  return isPrinted ? toFormB(event) : '';
}

/** The events of a batch whose numbers are beyond those known; the batch itself when that is all of them. */
function withoutKnown(batch: EventBatch, known: Readonly<Cursor>): EventBatch {
  const surplus = (kind: EventKindName): number =>
    batch.first[kind] === 0 ? 0 : Math.max(0, known[kind] - batch.first[kind] + 1);
  if (eventKindNames.every((kind) => surplus(kind) === 0)) return batch;
  const left = { alerts: surplus('alerts'), logs: surplus('logs'), messages: surplus('messages') };
  const first = { ...batch.first };
  const events = batch.events.filter(({ kind }) => {
    if (left[kind] === 0) return true;
    left[kind] -= 1;
    first[kind] += 1;
    return false;
  });
  for (const kind of eventKindNames) if (!events.some((event) => event.kind === kind)) first[kind] = 0;
  return { ...batch, first, events };
}
