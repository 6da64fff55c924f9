import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createRealClock } from '@kubearmor-ts/life';
import { encodeBatch, noCursor } from '@kubearmor-ts/proto';
import { endOf, frameType, readFrame } from './frame.ts';
import type { Frame } from './frame.ts';
import { SegmentReader } from './segment-reader.ts';
import { SegmentStore } from './segment-store.ts';
import { StreamCursors } from './stream-cursors.ts';

const slowMachineMs = 120_000;
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ka-jest-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = async (at: string) => {
  const store = new SegmentStore({
    dir: at,
    clock: createRealClock(),
    maxBytes: 1 << 20,
    maxAgeMs: 3_600_000,
    segmentBytes: 1 << 20,
    segmentAgeMs: 3_600_000,
    maxStreams: 16,
  });
  return { store, ...(await store.open()) };
};

function frameOf(first: number, count: number): Frame {
  const events = Array.from({ length: count }, (_, at) => ({
    kind: 'alerts' as const,
    payload: Buffer.alloc(9 + at, first),
  }));
  const payload = encodeBatch({
    streamId: 's',
    first: { ...noCursor, alerts: first },
    missed: noCursor,
    events,
  });
  return { type: frameType.events, first, count, wallMs: 1, payload };
}

const frames = [frameOf(1, 2), frameOf(3, 1), frameOf(4, 3)];

async function writeSegment(): Promise<string> {
  const source = join(dir, 'whole');
  const { store } = await open(source);
  for (const frame of frames) await store.append([frame], new StreamCursors(16));
  await store.close();
  return join(source, '0000000000000001.seg');
}

test(
  'a segment torn at any byte gives the whole frames before it, and takes new ones behind them',
  async () => {
    const whole = await writeSegment();
    const size = statSync(whole).size;
    const torn = join(dir, 'torn');
    mkdirSync(torn);
    const ends = frameEnds(readFileSync(whole));
    for (let length = 0; length <= size; length++) {
      const file = join(torn, '0000000000000001.seg');
      copyFileSync(whole, file);
      truncateSync(file, length);
      const { store, end, cursors, tornBytes } = await open(torn);
      const kept = frames.filter((_, index) => ends[index]! <= length);
      const expected = kept.length === 0 ? 1 : endOf(kept.at(-1)!);
      expect(end).toBe(expected);
      expect(cursors.get('s')?.alerts).toBe(kept.length === 0 ? undefined : expected - 1);
      expect(tornBytes).toBe(
        length - Math.max(0, ...[...ends, 8, headEnd(whole)].filter((at) => at <= length)),
      );
      const next = frameOf(expected, 2);
      await store.append([next], cursors);
      const reader = new SegmentReader(store);
      const read: (Frame | undefined)[] = [];
      for (let record = 1; record < endOf(next); record = endOf(read.at(-1)!))
        read.push(await reader.frameAt(record));
      expect(read.map((frame) => frame?.payload)).toEqual([...kept, next].map((frame) => frame.payload));
      await reader.close();
      await store.close();
    }
  },
  slowMachineMs,
);

test(
  'bytes that changed anywhere never give a frame that was not written',
  async () => {
    const whole = readFileSync(await writeSegment());
    const broken = join(dir, 'broken');
    mkdirSync(broken);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const bytes = Buffer.from(whole);
        bytes[at] = bytes[at]! ^ flip;
        writeFileSync(join(broken, '0000000000000001.seg'), bytes);
        const { store, end } = await open(broken);
        const reader = new SegmentReader(store);
        for (let record = 1; record < end;) {
          const frame = await reader.frameAt(record);
          expect(frames.some((written) => frame?.payload.equals(written.payload))).toBe(true);
          record = endOf(frame!);
        }
        await reader.close();
        await store.close();
      }),
      { numRuns: 150 },
    );
  },
  slowMachineMs,
);

/** Where each frame of events ends. */
function frameEnds(bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let at = 8; at < bytes.length;) {
    const read = readFrame(bytes, at);
    if (read.kind !== 'frame') break;
    if (read.frame.type === frameType.events) ends.push(read.end);
    at = read.end;
  }
  return ends;
}

/** Where the first frame, that of the cursors, ends. */
function headEnd(file: string): number {
  const read = readFrame(readFileSync(file), 8);
  return read.kind === 'frame' ? read.end : 8;
}
