import type { Cursor } from '@kubearmor-ts/proto';
import { endOf, sizeOf } from './frame.ts';
import type { Frame } from './frame.ts';

export interface TailEntry {
  readonly frame: Frame;
  /** Whose events they are, and how far that stream came with them. */
  readonly streamId: string;
  readonly through: Readonly<Cursor>;
  /** Called once: with true when the frame is where it is to be kept, with false when it was pushed out before. */
  readonly settle: ((isKept: boolean) => void) | undefined;
}

/**
 * The youngest frames, in memory: readers that keep up never touch the disk, and it is where frames stay while the disk
 * cannot be written.
 *
 *  1. Never more than `maxBytes`, and of what is also elsewhere never more than `keptBytes`; but always the youngest
 *     frame.
 *  2. Frames below `keptEnd` are also elsewhere; pushing out another one loses its records, which is counted.
 */
export class FrameTail {
  lost = 0;
  keptEnd: number;
  private readonly maxBytes: number;
  private readonly keptBytes: number;
  private entries: TailEntry[] = [];
  /** Index of the oldest entry; the array is compacted now and then. */
  private head = 0;
  private heldBytes = 0;

  constructor(maxBytes: number, keptEnd: number, keptBytes = maxBytes) {
    this.maxBytes = maxBytes;
    this.keptBytes = keptBytes;
    this.keptEnd = keptEnd;
  }

  get bytes(): number {
    return this.heldBytes;
  }

  /** Number of the oldest record here; undefined when empty. */
  get first(): number | undefined {
    return this.entries[this.head]?.frame.first;
  }

  push(entry: TailEntry): void {
    this.entries.push(entry);
    this.heldBytes += sizeOf(entry.frame);
    while (this.entries.length - this.head > 1 && this.heldBytes > this.boundOfOldest()) this.shift();
  }

  /** Frames that are nowhere else, oldest first. */
  unkept(): readonly TailEntry[] {
    let from = this.entries.length;
    while (from > this.head && endOf(this.entries[from - 1]!.frame) > this.keptEnd) from -= 1;
    return this.entries.slice(from);
  }

  /** The frame with the record, or the first one behind it; undefined when the record is older or younger than all. */
  find(record: number): Frame | undefined {
    if (record < (this.first ?? Infinity)) return undefined;
    let low = this.head;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (endOf(this.entries[middle]!.frame) <= record) low = middle + 1;
      else high = middle;
    }
    return this.entries[low]?.frame;
  }

  private boundOfOldest(): number {
    const isKept = endOf(this.entries[this.head]!.frame) <= this.keptEnd;
    return isKept ? Math.min(this.keptBytes, this.maxBytes) : this.maxBytes;
  }

  private shift(): void {
    const entry = this.entries[this.head]!;
    this.head += 1;
    this.heldBytes -= sizeOf(entry.frame);
    if (endOf(entry.frame) > this.keptEnd) {
      this.lost += entry.frame.count;
      entry.settle?.(false);
    }
    if (this.head < 1024) return;
    this.entries = this.entries.slice(this.head);
    this.head = 0;
  }
}
