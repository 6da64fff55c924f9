import { Alert, Log, readBatch } from '@kubearmor-ts/proto';
import type { SinkRecord } from '@kubearmor-ts/sink';
import type { Frame } from './frame.ts';

/** By place in the frame; undefined for what is no sink's business: messages, and events that cannot be decoded. */
export type DecodedFrame = readonly (SinkRecord | undefined)[];

/**
 * Decodes frames once for all readers that pass at about the same time; keeps the youngest, up to so many records.
 */
export class FrameDecoder {
  malformed = 0;
  private readonly maxRecords: number;
  private readonly kept = new Map<Frame, DecodedFrame>();
  private records = 0;

  constructor(maxRecords: number) {
    this.maxRecords = maxRecords;
  }

  decode(frame: Frame): DecodedFrame {
    const known = this.kept.get(frame);
    if (known !== undefined) return known;
    const decoded = this.decodeNow(frame);
    this.kept.set(frame, decoded);
    this.records += decoded.length;
    for (const [oldest, records] of this.kept) {
      if (this.records <= this.maxRecords || this.kept.size < 2) break;
      this.kept.delete(oldest);
      this.records -= records.length;
    }
    return decoded;
  }

  private decodeNow(frame: Frame): DecodedFrame {
    const batch = readBatch(frame.payload);
    if (batch === undefined) {
      this.malformed += frame.count;
      return new Array<undefined>(frame.count).fill(undefined);
    }
    return batch.events.slice(0, frame.count).map(({ kind, payload }) => {
      if (kind === 'messages') return undefined;
      try {
        return { kind, event: kind === 'alerts' ? Alert.decode(payload) : Log.decode(payload) };
      } catch {
        this.malformed += 1;
        return undefined;
      }
    });
  }
}
