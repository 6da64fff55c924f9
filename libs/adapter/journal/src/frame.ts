/**
 * A frame as it stands in a segment, little-endian:
 *
 *    0  u32  length of the payload
 *    4  u32  CRC-32 of everything behind these four bytes
 *    8  f64  number of the first record
 *   16  u32  how many records
 *   20  u32  what the payload is
 *   24  f64  Unix milliseconds when it was appended, for people
 *   32       payload
 *
 * CRC-32 and not CRC-32C: the runtime computes the first one in native code at memory speed; both find a torn or
 * half-written frame equally well.
 */
import { crc32 } from 'node:zlib';

export const frameType = { events: 1, cursors: 2 } as const;
export type FrameType = (typeof frameType)[keyof typeof frameType];

export interface Frame {
  readonly type: FrameType;
  /** Records are numbered from 1 through the journal's whole life. */
  readonly first: number;
  readonly count: number;
  readonly wallMs: number;
  /** Events: a Batch of kubearmor_ts.stream.v1. */
  readonly payload: Buffer;
}

export const frameHeadBytes = 32;
/** Nothing that is appended is longer, so a length beyond it is no frame. */
export const maxPayloadBytes = 64 << 20;

export const endOf = (frame: Frame): number => frame.first + frame.count;
export const sizeOf = (frame: Frame): number => frameHeadBytes + frame.payload.length;

export function encodeFrameHead(frame: Frame): Buffer {
  const head = Buffer.allocUnsafe(frameHeadBytes);
  head.writeUInt32LE(frame.payload.length, 0);
  head.writeDoubleLE(frame.first, 8);
  head.writeUInt32LE(frame.count, 16);
  head.writeUInt32LE(frame.type, 20);
  head.writeDoubleLE(frame.wallMs, 24);
  head.writeUInt32LE(checksum(head, frame.payload), 4);
  return head;
}

export type FrameRead =
  | { readonly kind: 'frame'; readonly frame: Frame; readonly end: number }
  /** The bytes end before the frame does; `needed` is its whole size as far as it is known. */
  | { readonly kind: 'short'; readonly needed: number }
  | { readonly kind: 'bad' };

/** The frame at a place; its payload shares the memory of `bytes`. */
export function readFrame(bytes: Buffer, at: number): FrameRead {
  if (bytes.length - at < frameHeadBytes) return { kind: 'short', needed: frameHeadBytes };
  const length = bytes.readUInt32LE(at);
  if (length > maxPayloadBytes) return { kind: 'bad' };
  const end = at + frameHeadBytes + length;
  if (end > bytes.length) return { kind: 'short', needed: frameHeadBytes + length };
  const head = bytes.subarray(at, at + frameHeadBytes);
  const payload = bytes.subarray(at + frameHeadBytes, end);
  if (head.readUInt32LE(4) !== checksum(head, payload)) return { kind: 'bad' };
  const first = head.readDoubleLE(8);
  const count = head.readUInt32LE(16);
  const type = head.readUInt32LE(20);
  if (!Number.isSafeInteger(first) || first < 1) return { kind: 'bad' };
  if (type !== frameType.events && type !== frameType.cursors) return { kind: 'bad' };
  return { kind: 'frame', frame: { type, first, count, wallMs: head.readDoubleLE(24), payload }, end };
}

const checksum = (head: Buffer, payload: Buffer): number => crc32(payload, crc32(head.subarray(8)));
