import { frameErrorTable } from './errors.ts';
import type { FrameError } from './errors.ts';
import type { Frame } from './frame.ts';
import { decodeEventAccess, sizeOfEventAccess } from './generated/codec.ts';
import type { EventAccess } from './generated/codec.ts';
import {
  EventAccessLayout,
  EventKind,
  HeaderLayout,
  KA_ABI_VERSION,
  KA_RING_COUNT,
} from './generated/layout.ts';
import type { Ring } from './generated/layout.ts';

export interface EventFrame {
  readonly ring: Ring;
  readonly event: EventAccess;
}

type Decoded =
  { readonly ok: true; readonly value: EventFrame } | { readonly ok: false; readonly error: FrameError };

const broken = (message: string): Decoded => ({
  ok: false,
  error: {
    code: 'KA_ABI_RECORD_BROKEN',
    reason: frameErrorTable.KA_ABI_RECORD_BROKEN,
    message,
    place: 'event frame',
    isFatal: false,
  },
});

/** Decodes the record in a frame of kind EVENT; its texts stay slices of the frame. */
export const decodeEventFrame = (frame: Frame): Decoded => {
  const { bytes } = frame;
  const off = HeaderLayout.sizeBytes;
  const room = bytes.length - off;
  if (frame.seq >= BigInt(KA_RING_COUNT)) return broken(`ring ${frame.seq} does not exist`);
  if (room < EventAccessLayout.sizeBytes)
    return broken(`a record of ${room} bytes is shorter than its struct`);
  const size = bytes.readUInt32LE(off);
  const kind = bytes.readUInt16LE(off + HeaderLayout.kind);
  const version = bytes.readUInt16LE(off + HeaderLayout.abiVersion);
  if (version !== KA_ABI_VERSION)
    return broken(`a record of ABI version ${version}, this build speaks ${KA_ABI_VERSION}`);
  if (kind !== EventKind.ACCESS) return broken(`record kind ${kind} is not known`);
  const told = sizeOfEventAccess(bytes, off);
  if (size > room || told > size)
    return broken(`a record of ${told} bytes says ${size} and came with ${room}`);
  return { ok: true, value: { ring: Number(frame.seq) as Ring, event: decodeEventAccess(bytes, off) } };
};
