import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeFrameHead, readFrame } from './frame.ts';
import type { Frame } from './frame.ts';

const magic = Buffer.from('KAJOURN1');
export const segmentHeadBytes = magic.length;
const chunkBytes = 256 << 10;

/** The file that is being appended to. `size` counts only what was written and synced as a whole. */
export class SegmentFile {
  readonly path: string;
  size: number;
  private readonly handle: FileHandle;

  private constructor(path: string, handle: FileHandle, size: number) {
    this.path = path;
    this.handle = handle;
    this.size = size;
  }

  /** A new file; its directory entry is as safe as the first frame. */
  static async create(path: string): Promise<SegmentFile> {
    const handle = await open(path, 'w', 0o640);
    try {
      await handle.write(magic, 0, magic.length, 0);
      await using directory = await open(dirname(path), 'r');
      await directory.sync();
    } catch (cause) {
      await handle.close();
      throw cause;
    }
    return new SegmentFile(path, handle, magic.length);
  }

  /** Goes on behind `size` bytes; what stands there is cut. */
  static async resume(path: string, size: number): Promise<SegmentFile> {
    const handle = await open(path, 'r+');
    try {
      await handle.truncate(Math.max(size, magic.length));
      if (size < magic.length) await handle.write(magic, 0, magic.length, 0);
      await handle.datasync();
    } catch (cause) {
      await handle.close();
      throw cause;
    }
    return new SegmentFile(path, handle, Math.max(size, magic.length));
  }

  /** All frames are safe on disk when this resolves; none counts when it rejects. */
  async append(frames: readonly Frame[]): Promise<void> {
    const parts: Buffer[] = [];
    let bytes = 0;
    for (const frame of frames) {
      const head = encodeFrameHead(frame);
      parts.push(head, frame.payload);
      bytes += head.length + frame.payload.length;
    }
    const { bytesWritten } = await this.handle.writev(parts, this.size);
    // A disk that fills up in the middle takes a part and reports no error.
    if (bytesWritten !== bytes) throw new Error(`wrote ${String(bytesWritten)} of ${String(bytes)} bytes`);
    await this.handle.datasync();
    this.size += bytes;
  }

  /** Takes back what a failed append may have left, as far as the disk lets it. */
  async abandon(): Promise<void> {
    await this.handle.truncate(this.size).catch(() => undefined);
    await this.close();
  }

  async close(): Promise<void> {
    await this.handle.close().catch(() => undefined);
  }
}

/** Frames of a segment from start to end, as far as they are whole. */
export class SegmentScan {
  /** Bytes of the segment that hold whole frames, as far as it was read. */
  goodBytes = segmentHeadBytes;
  private readonly handle: FileHandle;
  private buffer: Buffer = Buffer.alloc(0);
  private at = 0;

  private constructor(handle: FileHandle) {
    this.handle = handle;
  }

  /** Undefined when the file is no segment. Rejects when it cannot be opened. */
  static async open(path: string): Promise<SegmentScan | undefined> {
    const handle = await open(path, 'r');
    const head = Buffer.alloc(magic.length);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    if (bytesRead === magic.length && head.equals(magic)) return new SegmentScan(handle);
    await handle.close();
    return undefined;
  }

  /** The next frame that ends within the first `limit` bytes; undefined at the end or where it is torn. */
  async next(limit: number): Promise<Frame | undefined> {
    for (;;) {
      const read = readFrame(this.buffer, this.at);
      if (read.kind === 'bad') return undefined;
      if (read.kind === 'frame') {
        this.goodBytes += read.end - this.at;
        this.at = read.end;
        return read.frame;
      }
      if (this.goodBytes + read.needed > limit) return undefined;
      if (!(await this.fill(read.needed, limit))) return undefined;
    }
  }

  async close(): Promise<void> {
    await this.handle.close().catch(() => undefined);
  }

  /** Frames given out keep the memory they lie in; so every fill takes a new block. */
  private async fill(needed: number, limit: number): Promise<boolean> {
    const left = limit - this.goodBytes;
    const block = Buffer.allocUnsafe(Math.min(left, Math.max(needed, chunkBytes)));
    const { bytesRead } = await this.handle.read(block, 0, block.length, this.goodBytes);
    const isMore = bytesRead >= needed;
    this.buffer = block.subarray(0, bytesRead);
    this.at = 0;
    return isMore;
  }
}
