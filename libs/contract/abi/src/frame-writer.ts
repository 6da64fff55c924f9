import { encodeHeader } from './generated/codec.ts';
import { FrameKind, HeaderLayout, KA_ABI_VERSION } from './generated/layout.ts';
import type { Ring } from './generated/layout.ts';

/** A frame that is nothing but its header. */
export const encodeBareFrame = (
  kind: typeof FrameKind.SYNCED | typeof FrameKind.STATS_GET | typeof FrameKind.READY,
  seq: bigint,
): Buffer => encodeHeader({ size: HeaderLayout.sizeBytes, kind, abiVersion: KA_ABI_VERSION, seq });

/** An event as the enforcer hands it on: the record as the kernel wrote it, and its ring in the header's seq. */
export const encodeEventFrame = (ring: Ring, record: Buffer): Buffer =>
  Buffer.concat([
    encodeHeader({
      size: HeaderLayout.sizeBytes + record.length,
      kind: FrameKind.EVENT,
      abiVersion: KA_ABI_VERSION,
      seq: BigInt(ring),
    }),
    record,
  ]);
