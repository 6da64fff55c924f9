/**
 * Takes frames out of a byte stream that may be cut anywhere.
 *
 *   reading ──size > KA_FRAME_MAX──► skipping ──all skipped──► reading
 *      └──────size < a header──────► broken (for good: no later byte can be trusted)
 */
import { frameError } from './errors.ts';
import type { FrameError } from './errors.ts';
import {
  FrameAckLayout,
  FrameCgroupIdLayout,
  FrameCgroupNameLayout,
  FrameEventsTakenLayout,
  FrameHelloLayout,
  FrameKind,
  FramePlanPutLayout,
  FrameStatsLayout,
  FrameWorkloadDropLayout,
  FrameWorkloadLayout,
  FrameWorkloadSetLayout,
  HeaderLayout,
  KA_ABI_VERSION,
  KA_FRAME_MAX,
} from './generated/layout.ts';

/** A frame that is as long as its kind demands, of our version. */
export interface Frame {
  readonly kind: FrameKind;
  readonly seq: bigint;
  /** Header included; a slice of what was received. */
  readonly bytes: Buffer;
}

export interface FrameSink {
  frame(frame: Frame): void;
  error(error: FrameError): void;
}

const smallestSize: ReadonlyMap<number, number> = new Map<number, number>([
  [FrameKind.PLAN_PUT, FramePlanPutLayout.sizeBytes],
  [FrameKind.WORKLOAD_SET, FrameWorkloadSetLayout.sizeBytes],
  [FrameKind.WORKLOAD_DROP, FrameWorkloadDropLayout.sizeBytes],
  [FrameKind.CGROUP_NAME, FrameCgroupNameLayout.sizeBytes],
  [FrameKind.CGROUP_ID, FrameCgroupIdLayout.sizeBytes],
  [FrameKind.SYNCED, HeaderLayout.sizeBytes],
  [FrameKind.EVENTS_TAKEN, FrameEventsTakenLayout.sizeBytes],
  [FrameKind.STATS_GET, HeaderLayout.sizeBytes],
  [FrameKind.HELLO, FrameHelloLayout.sizeBytes],
  [FrameKind.WORKLOAD, FrameWorkloadLayout.sizeBytes],
  [FrameKind.ACK, FrameAckLayout.sizeBytes],
  [FrameKind.EVENT, HeaderLayout.sizeBytes],
  [FrameKind.STATS, FrameStatsLayout.sizeBytes],
  [FrameKind.READY, HeaderLayout.sizeBytes],
]);

export class FrameReader {
  readonly #maxBytes: number;
  /** Pieces of a frame that is not complete yet; joined once, when it is. */
  #pieces: Buffer[] = [];
  #held = 0;
  #skip = 0;
  #offset = 0;
  #isBroken = false;

  constructor(maxBytes: number = KA_FRAME_MAX) {
    this.#maxBytes = maxBytes;
  }

  /** Reports every frame that `chunk` completes, in order. After a fatal error nothing is reported any more. */
  push(chunk: Buffer, sink: FrameSink): void {
    if (this.#isBroken) return;
    let rest = chunk;
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, rest.length);
      this.#skip -= skipped;
      this.#offset += skipped;
      rest = rest.subarray(skipped);
    }
    if (rest.length === 0) return;
    this.#pieces.push(rest);
    this.#held += rest.length;
    const wanted = this.#wanted();
    if (this.#held < HeaderLayout.sizeBytes || (wanted <= this.#maxBytes && this.#held < wanted)) return;
    this.#take(this.#pieces.length === 1 ? rest : Buffer.concat(this.#pieces, this.#held), sink);
  }

  /** The stream has ended: bytes still held are a frame cut short. */
  end(sink: FrameSink): void {
    if (this.#isBroken || (this.#held === 0 && this.#skip === 0)) return;
    sink.error(
      frameError(
        'KA_ABI_FRAME_TRUNCATED',
        `the stream ended inside a frame, after ${this.#held} bytes of it`,
        this.#offset,
        true,
      ),
    );
    this.#isBroken = true;
  }

  /** Size of the frame at the front, 0 when its first piece does not say it yet. */
  #wanted(): number {
    const first = this.#pieces[0];
    return first !== undefined && first.length >= 4 ? first.readUInt32LE(0) : 0;
  }

  #take(buf: Buffer, sink: FrameSink): void {
    let off = 0;
    this.#pieces = [];
    this.#held = 0;
    while (buf.length - off >= HeaderLayout.sizeBytes) {
      const size = buf.readUInt32LE(off);
      if (size < HeaderLayout.sizeBytes) {
        sink.error(
          frameError(
            'KA_ABI_LENGTH_BROKEN',
            `a frame says it has ${size} bytes, fewer than its header`,
            this.#offset,
            true,
          ),
        );
        this.#isBroken = true;
        return;
      }
      if (size > this.#maxBytes) {
        sink.error(
          frameError(
            'KA_ABI_FRAME_TOO_LARGE',
            `a frame of ${size} bytes exceeds the bound of ${this.#maxBytes}`,
            this.#offset,
          ),
        );
        const skipped = Math.min(size, buf.length - off);
        this.#skip = size - skipped;
        this.#offset += skipped;
        off += skipped;
        continue;
      }
      if (buf.length - off < size) break;
      this.#report(buf.subarray(off, off + size), sink);
      this.#offset += size;
      off += size;
    }
    if (off < buf.length) {
      this.#pieces = [buf.subarray(off)];
      this.#held = buf.length - off;
    }
  }

  #report(bytes: Buffer, sink: FrameSink): void {
    const kind = bytes.readUInt16LE(HeaderLayout.kind);
    const version = bytes.readUInt16LE(HeaderLayout.abiVersion);
    if (version !== KA_ABI_VERSION) {
      sink.error(
        frameError(
          'KA_ABI_MISMATCH',
          `a frame of kind ${kind} is of ABI version ${version}, this build speaks ${KA_ABI_VERSION}`,
          this.#offset,
        ),
      );
      return;
    }
    const smallest = smallestSize.get(kind);
    if (smallest === undefined) {
      sink.error(frameError('KA_ABI_FRAME_UNKNOWN', `frame kind ${kind} is not known`, this.#offset));
      return;
    }
    if (bytes.length < smallest) {
      sink.error(
        frameError(
          'KA_ABI_FRAME_TRUNCATED',
          `a frame of kind ${kind} has ${bytes.length} bytes, its struct ${smallest}`,
          this.#offset,
        ),
      );
      return;
    }
    sink.frame({ kind: kind as FrameKind, seq: bytes.readBigUInt64LE(HeaderLayout.seq), bytes });
  }
}
