import { systemCode } from './errors.ts';
import { endOf, frameType } from './frame.ts';
import type { Frame } from './frame.ts';
import { SegmentScan } from './segment-file.ts';
import type { Segment, SegmentStore } from './segment-store.ts';

/** One reader's way through the files. It keeps one file open, between reads as well. */
export class SegmentReader {
  private readonly store: SegmentStore;
  private open: { readonly segment: Segment; readonly scan: SegmentScan } | undefined;
  /** Records below are behind the open scan. */
  private passed = 0;

  constructor(store: SegmentStore) {
    this.store = store;
  }

  /** The frame with the record, or the first one behind it; undefined when the files have neither. Rejects when they cannot be read. */
  async frameAt(record: number): Promise<Frame | undefined> {
    if (this.open !== undefined && record < this.passed) await this.close();
    let segment = this.open?.segment ?? this.store.segmentOf(record);
    while (segment !== undefined) {
      const frame = await this.readFrom(segment, record);
      if (frame !== undefined) return frame;
      const next = this.store.segmentAfter(segment.base);
      // The youngest segment still grows: its scan stays where it is.
      if (next === undefined) return undefined;
      await this.close();
      segment = next;
    }
    return undefined;
  }

  async close(): Promise<void> {
    const { open } = this;
    this.open = undefined;
    this.passed = 0;
    await open?.scan.close();
  }

  private async readFrom(segment: Segment, record: number): Promise<Frame | undefined> {
    try {
      if (this.open === undefined) {
        const scan = await SegmentScan.open(segment.path);
        if (scan === undefined) return undefined;
        this.open = { segment, scan };
      }
      for (;;) {
        const frame = await this.open.scan.next(segment.bytes);
        if (frame === undefined) return undefined;
        if (frame.type !== frameType.events || endOf(frame) <= record) continue;
        this.passed = endOf(frame);
        return frame;
      }
    } catch (cause) {
      await this.close();
      // Cut away meanwhile: a hole in the numbers, which the reader counts.
      if (systemCode(cause) === 'ENOENT') return undefined;
      throw cause;
    }
  }
}
