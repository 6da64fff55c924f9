/** The events of a Batch: a list of wrapped payloads, plain or as one zstd frame. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { EventKind } from './generated/kubearmor_ts/stream/v1/event_stream.ts';
import type { Cursor } from './generated/kubearmor_ts/stream/v1/event_stream.ts';

export type EventKindName = keyof Cursor;

export interface EventSpan {
  readonly kind: EventKindName;
  /** The encoded event; shares the memory it was read from. */
  readonly payload: Buffer;
}

const kindNumbers = { alerts: EventKind.ALERT, logs: EventKind.LOG, messages: EventKind.MESSAGE } as const;
const kindByNumber: readonly (EventKindName | undefined)[] = [undefined, 'alerts', 'logs', 'messages'];

const eventsTag = (4 << 3) | 2;
const kindTag = (1 << 3) | 0;
const payloadTag = (2 << 3) | 2;

/** Below it a frame's own head eats what packing saves. */
const leastPackedBytes = 1 << 10;
/** What a frame may unpack to: an agent's longest batch is far below, and a bomb is refused. */
const mostUnpackedBytes = 8 << 20;

const packing = {
  params: {
    // Nearly all of what higher levels gain is in the repeats of neighbours, which the lowest finds.
    [constants.ZSTD_c_compressionLevel]: 1,
    // A batch is not longer, and both sides hold a window of this size.
    [constants.ZSTD_c_windowLog]: 18,
  },
};

/** An EventList, in one allocation. */
export function encodeEvents(events: readonly EventSpan[]): Buffer {
  let size = 0;
  for (const { payload } of events) {
    const inner = innerSize(payload.length);
    size += 1 + varintSize(inner) + inner;
  }
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { kind, payload } of events) {
    bytes[at++] = eventsTag;
    at = writeVarint(bytes, at, innerSize(payload.length));
    bytes[at++] = kindTag;
    bytes[at++] = kindNumbers[kind];
    bytes[at++] = payloadTag;
    at = writeVarint(bytes, at, payload.length);
    bytes.set(payload, at);
    at += payload.length;
  }
  return bytes;
}

/** Undefined when the list is no smaller for it. */
export function packEvents(list: Buffer): Buffer | undefined {
  if (list.length < leastPackedBytes) return undefined;
  const packed = zstdCompressSync(list, packing);
  return packed.length < list.length ? packed : undefined;
}

/** An EventList. Throws when it is none, or larger than any agent makes it. */
export const unpackEvents = (packed: Uint8Array): Buffer =>
  zstdDecompressSync(packed, { maxOutputLength: mostUnpackedBytes });

/** Adds the events of a list. Throws where it is none; those of kinds not known here are left out. */
export function readEventList(list: Buffer, into: EventSpan[]): void {
  const reader = new BinaryReader(list);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag !== eventsTag) {
      reader.skip(tag & 7, tag >>> 3);
      continue;
    }
    const event = readEvent(reader, list);
    if (event !== undefined) into.push(event);
  }
}

/** One event of `bytes`, at its length; the reader then stands behind it. */
export function readEvent(reader: BinaryReader, bytes: Buffer): EventSpan | undefined {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('an event reaches beyond its batch');
  let kind: EventKindName | undefined;
  let from = end;
  let to = end;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === kindTag) kind = kindByNumber[reader.uint32()];
    else if (tag === payloadTag) {
      to = reader.uint32();
      from = reader.pos;
      to += from;
      reader.pos = to;
    } else reader.skip(tag & 7, tag >>> 3);
  }
  if (reader.pos !== end) throw new RangeError('an event does not end where it said');
  return kind === undefined ? undefined : { kind, payload: bytes.subarray(from, to) };
}

const innerSize = (payloadBytes: number): number => 2 + 1 + varintSize(payloadBytes) + payloadBytes;

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
