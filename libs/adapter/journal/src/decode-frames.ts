import { Alert, Log, readEvents } from '@kubearmor-ts/proto';
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
    const events = readEvents(frame.payload) ?? [];
    const decoded = new Array<SinkRecord | undefined>(frame.count).fill(undefined);
    for (let place = 0; place < frame.count; place++) {
      const span = events[place];
      // The numbers were given away on the word of the batch's head.
      if (span === undefined) this.malformed += 1;
      else if (span.kind !== 'messages') decoded[place] = this.decodeEvent(span.kind, span.payload);
    }
    return decoded;
  }

  private decodeEvent(kind: SinkRecord['kind'], payload: Buffer): SinkRecord | undefined {
    try {
      return { kind, event: kind === 'alerts' ? Alert.decode(payload) : Log.decode(payload) };
    } catch {
      this.malformed += 1;
      return undefined;
    }
  }
}
