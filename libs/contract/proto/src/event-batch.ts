/**
 * A Batch of kubearmor_ts.stream.v1 as bytes that are passed on, kept and read without decoding their events: agents,
 * the wire, the journal and the sinks all handle the same bytes. Equal to what the generated code reads and writes.
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  Batch,
  Cursor,
  EventKind,
  StreamEventsResponse,
} from './generated/kubearmor_ts/stream/v1/event_stream.ts';
import type { Hello } from './generated/kubearmor_ts/stream/v1/event_stream.ts';

export type EventKindName = keyof Cursor;

export const eventKindNames = ['alerts', 'logs', 'messages'] as const satisfies readonly EventKindName[];

const kindNumbers = { alerts: EventKind.ALERT, logs: EventKind.LOG, messages: EventKind.MESSAGE } as const;
const kindByNumber: readonly (EventKindName | undefined)[] = [undefined, 'alerts', 'logs', 'messages'];

export interface EventSpan {
  readonly kind: EventKindName;
  /** The encoded event; shares the batch's memory. */
  readonly payload: Buffer;
}

export interface EventBatch {
  readonly streamId: string;
  /** Number of the first event of each kind, 0 where there is none. */
  readonly first: Readonly<Cursor>;
  readonly missed: Readonly<Cursor>;
  readonly events: readonly EventSpan[];
}

export const noCursor: Readonly<Cursor> = Object.freeze({ alerts: 0, logs: 0, messages: 0 });

const lengthDelimited = 2;
const varint = 0;
/** Field numbers of Batch and Event. */
const batchField = { streamId: 1, first: 2, missed: 3, events: 4 } as const;
const eventField = { kind: 1, payload: 2 } as const;

/** A Batch in one allocation. Payloads are copied as they are. */
export function encodeBatch(batch: EventBatch): Buffer {
  const { streamId, first, missed, events } = batch;
  const head = Batch.encode({ stream_id: streamId, first, missed, events: [] }).finish();
  let size = head.length;
  for (const { payload } of events) {
    const inner = innerSize(payload.length);
    size += 1 + varintSize(inner) + inner;
  }
  const bytes = Buffer.allocUnsafe(size);
  bytes.set(head, 0);
  let at = head.length;
  for (const { kind, payload } of events) {
    bytes[at++] = (batchField.events << 3) | lengthDelimited;
    at = writeVarint(bytes, at, innerSize(payload.length));
    bytes[at++] = (eventField.kind << 3) | varint;
    bytes[at++] = kindNumbers[kind];
    bytes[at++] = (eventField.payload << 3) | lengthDelimited;
    at = writeVarint(bytes, at, payload.length);
    bytes.set(payload, at);
    at += payload.length;
  }
  return bytes;
}

const innerSize = (payloadBytes: number): number => 2 + 1 + varintSize(payloadBytes) + payloadBytes;

/** A StreamEventsResponse around a Batch. */
export function encodeBatchResponse(batch: Uint8Array): Buffer {
  return Buffer.from(
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

/** Finds the events in a Batch; undefined when the bytes are none. Events of kinds not known here are left out. */
export function readBatch(bytes: Uint8Array): EventBatch | undefined {
  let streamId = '';
  let first: Readonly<Cursor> = noCursor;
  let missed: Readonly<Cursor> = noCursor;
  const events: EventSpan[] = [];
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (wire !== lengthDelimited) reader.skip(wire, field);
      else if (field === batchField.events) {
        const event = readEvent(reader, bytes);
        if (event !== undefined) events.push(event);
      } else if (field === batchField.streamId) streamId = reader.string();
      else if (field === batchField.first) first = Cursor.decode(reader.bytes());
      else if (field === batchField.missed) missed = Cursor.decode(reader.bytes());
      else reader.skip(wire, field);
    }
  } catch {
    return undefined;
  }
  return { streamId, first, missed, events };
}

function readEvent(reader: BinaryReader, bytes: Uint8Array): EventSpan | undefined {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('an event reaches beyond its batch');
  let kind: EventKindName | undefined;
  let from = end;
  let to = end;
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (field === eventField.kind && wire === varint) kind = kindByNumber[reader.uint32()];
    else if (field === eventField.payload && wire === lengthDelimited) {
      to = reader.uint32();
      from = reader.pos;
      to += from;
      reader.pos = to;
    } else reader.skip(wire, field);
  }
  if (reader.pos !== end) throw new RangeError('an event does not end where it said');
  if (kind === undefined) return undefined;
  return { kind, payload: asBuffer(bytes.subarray(from, to)) };
}

/** The highest numbers of a batch: where a reader that has it stands. */
export function throughOf(batch: EventBatch, before: Readonly<Cursor>): Cursor {
  const counts = countByKind(batch.events);
  const through = (kind: EventKindName): number =>
    counts[kind] === 0 ? before[kind] : Math.max(before[kind], batch.first[kind] + counts[kind] - 1);
  return { alerts: through('alerts'), logs: through('logs'), messages: through('messages') };
}

export function countByKind(events: readonly EventSpan[]): Cursor {
  const counts: Cursor = { alerts: 0, logs: 0, messages: 0 };
  for (const event of events) counts[event.kind] += 1;
  return counts;
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) size += 1;
  return size;
}

function writeVarint(into: Buffer, at: number, value: number): number {
  let rest = value;
  while (rest > 127) {
    into[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  into[at++] = rest;
  return at;
}
