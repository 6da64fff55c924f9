/**
 * A Batch of kubearmor_ts.stream.v1 as bytes that are passed on, kept and read without decoding their events: agents,
 * the wire, the journal and the sinks all handle the same bytes. Equal to what the generated code reads and writes.
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { encodeEvents, packEvents, readEvent, readEventList, unpackEvents } from './batch-events.ts';
import type { EventKindName, EventSpan } from './batch-events.ts';
import { Batch, Cursor, StreamEventsResponse } from './generated/kubearmor_ts/stream/v1/event_stream.ts';
import type { Hello } from './generated/kubearmor_ts/stream/v1/event_stream.ts';

export const eventKindNames = ['alerts', 'logs', 'messages'] as const satisfies readonly EventKindName[];

interface BatchPlace {
  readonly streamId: string;
  /** Number of the first event of each kind, 0 where there is none. */
  readonly first: Readonly<Cursor>;
  readonly missed: Readonly<Cursor>;
}

export interface EventBatch extends BatchPlace {
  readonly events: readonly EventSpan[];
}

/** All that is to be known of a batch to keep it. */
export interface BatchHead extends BatchPlace {
  /** As the sender says: the events themselves may turn out to be fewer. */
  readonly counts: Readonly<Cursor>;
}

export const noCursor: Readonly<Cursor> = Object.freeze({ alerts: 0, logs: 0, messages: 0 });

/** No batch says that it has more: its numbers are given away before anybody looks inside. */
const mostEvents = 1 << 16;

const lengthDelimited = 2;
/** Field numbers of Batch with their wire type. */
const batchTag = {
  streamId: (1 << 3) | lengthDelimited,
  first: (2 << 3) | lengthDelimited,
  missed: (3 << 3) | lengthDelimited,
  events: (4 << 3) | lengthDelimited,
  counts: (5 << 3) | lengthDelimited,
  zstdEvents: (6 << 3) | lengthDelimited,
} as const;

/** A Batch; payloads are copied as they are. `zstd` packs the events when that makes them smaller. */
export function encodeBatch(batch: EventBatch, packing: 'plain' | 'zstd' = 'plain'): Buffer {
  const { streamId, first, missed, events } = batch;
  const list = encodeEvents(events);
  const packed = packing === 'zstd' ? packEvents(list) : undefined;
  const head = Batch.encode({
    stream_id: streamId,
    first,
    missed,
    events: [],
    counts: countByKind(events),
    zstd_events: packed ?? noBytes,
  }).finish();
  return packed === undefined ? Buffer.concat([head, list]) : asBuffer(head);
}

/** A StreamEventsResponse around a Batch. */
export function encodeBatchResponse(batch: Uint8Array): Buffer {
  return asBuffer(
    new BinaryWriter()
      .uint32((2 << 3) | lengthDelimited)
      .bytes(batch)
      .finish(),
  );
}

export type StreamResponse =
  { readonly kind: 'hello'; readonly hello: Hello } | { readonly kind: 'batch'; readonly bytes: Buffer };

/** Undefined for bytes that are no StreamEventsResponse of this version. */
export function readStreamResponse(bytes: Buffer): StreamResponse | undefined {
  try {
    const reader = new BinaryReader(bytes);
    let found: StreamResponse | undefined;
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (field === 2 && wire === lengthDelimited) found = { kind: 'batch', bytes: asBuffer(reader.bytes()) };
      else reader.skip(wire, field);
    }
    if (found !== undefined) return found;
    const { response } = StreamEventsResponse.decode(bytes);
    return response?.$case === 'hello' ? { kind: 'hello', hello: response.value } : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined when the bytes are no Batch, or its numbers none. Its events stay unread. */
export function readBatchHead(bytes: Uint8Array): BatchHead | undefined {
  let streamId = '';
  let first: Readonly<Cursor> = noCursor;
  let missed: Readonly<Cursor> = noCursor;
  let counts: Readonly<Cursor> | undefined;
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === batchTag.streamId) streamId = reader.string();
      else if (tag === batchTag.first) first = Cursor.decode(reader.bytes());
      else if (tag === batchTag.missed) missed = Cursor.decode(reader.bytes());
      else if (tag === batchTag.counts) counts = Cursor.decode(reader.bytes());
      else reader.skip(tag & 7, tag >>> 3);
    }
  } catch {
    return undefined;
  }
  // Of agents that do not count.
  counts ??= countByKind(readEvents(bytes) ?? []);
  const isSane = eventKindNames.every(
    (kind) =>
      Number.isSafeInteger(first[kind] + counts[kind]) &&
      (counts[kind] === 0 || first[kind] > 0 || streamId === ''),
  );
  return isSane && totalOf(counts) <= mostEvents ? { streamId, first, missed, counts } : undefined;
}

/** The events in a Batch; undefined when they cannot be read. Those of kinds not known here are left out. */
export function readEvents(bytes: Uint8Array): readonly EventSpan[] | undefined {
  const buffer = asBuffer(bytes);
  const events: EventSpan[] = [];
  try {
    const reader = new BinaryReader(buffer);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === batchTag.zstdEvents) readEventList(unpackEvents(reader.bytes()), events);
      else if (tag === batchTag.events) {
        const event = readEvent(reader, buffer);
        if (event !== undefined) events.push(event);
      } else reader.skip(tag & 7, tag >>> 3);
    }
  } catch {
    return undefined;
  }
  return events;
}

/** The highest numbers of a batch: where a reader that has it stands. */
export function throughOf(batch: BatchHead, before: Readonly<Cursor>): Cursor {
  const { first, counts } = batch;
  const through = (kind: EventKindName): number =>
    counts[kind] === 0 ? before[kind] : Math.max(before[kind], first[kind] + counts[kind] - 1);
  return { alerts: through('alerts'), logs: through('logs'), messages: through('messages') };
}

export function countByKind(events: readonly EventSpan[]): Cursor {
  const counts: Cursor = { alerts: 0, logs: 0, messages: 0 };
  for (const event of events) counts[event.kind] += 1;
  return counts;
}

export const totalOf = ({ alerts, logs, messages }: Readonly<Cursor>): number => alerts + logs + messages;

const noBytes = Buffer.alloc(0);
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
