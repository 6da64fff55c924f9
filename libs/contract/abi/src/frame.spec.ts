import {
  decodeEventFrame,
  decodeFrameWorkloadSet,
  encodeBareFrame,
  encodeEventAccess,
  encodeEventFrame,
  encodeFramePlanPut,
  encodeFrameWorkloadSet,
  encodeHeader,
  FrameKind,
  FrameReader,
  KA_ABI_VERSION,
  KA_FRAME_MAX,
} from './index.ts';
import type { EventAccess, Frame, FrameError } from './index.ts';

const collect = (chunks: readonly Buffer[], maxBytes?: number): { frames: Frame[]; errors: FrameError[] } => {
  const seen: { frames: Frame[]; errors: FrameError[] } = { frames: [], errors: [] };
  const sink = {
    frame: (f: Frame) => void seen.frames.push(f),
    error: (e: FrameError) => void seen.errors.push(e),
  };
  const reader = new FrameReader(maxBytes);
  for (const chunk of chunks) reader.push(chunk, sink);
  reader.end(sink);
  return seen;
};

const event: Omit<EventAccess, 'size' | 'kind' | 'abiVersion'> = {
  seq: 7n,
  bootNs: 123456789012345n,
  execId: 0xffff_ffff_ffff_ffffn,
  args: [1n, 2n, 3n],
  workload: 5,
  revision: 6,
  rule: 12,
  hostPid: 100,
  hostPpid: 99,
  pid: 2,
  ppid: 1,
  uid: 1000,
  ownerUid: 0,
  syscall: -1,
  openFlags: 0o100000,
  count: 1,
  cls: 1,
  verdict: 3,
  hook: 2,
  access: 4,
  isAudit: 0,
  comm: Buffer.from('cat'),
  tty: Buffer.from('pts0'),
  object: Buffer.from([0x2f, 0xff, 0x20, 0xfe]),
  object2: Buffer.alloc(0),
  exe: Buffer.from('/bin/cat'),
  parentExe: Buffer.from('/bin/sh'),
  cmdline: Buffer.from('cat\0/etc/shadow'),
  cwd: Buffer.from('/'),
};

const workloadSet = encodeFrameWorkloadSet({
  seq: 9n,
  contentHash: 0x8000_0000_0000_0001n,
  workload: 3,
  revision: 4,
  key: Buffer.from('abc'),
});

test('a frame keeps every field through the codec', () => {
  const [frame] = collect([workloadSet]).frames;
  expect(decodeFrameWorkloadSet((frame as Frame).bytes, 0)).toMatchObject({
    kind: FrameKind.WORKLOAD_SET,
    seq: 9n,
    contentHash: 0x8000_0000_0000_0001n,
    workload: 3,
    revision: 4,
    key: Buffer.from('abc'),
  });
});

test('an event keeps its texts byte for byte, also those that are not UTF-8', () => {
  const [frame] = collect([encodeEventFrame(0, encodeEventAccess(event))]).frames;
  const decoded = decodeEventFrame(frame as Frame);
  expect(decoded).toMatchObject({ ok: true, value: { ring: 0, event } });
});

test.each([
  ['is shorter than its struct', (b: Buffer) => b.subarray(0, 16 + 100)],
  ['lies about a text length', (b: Buffer) => (b.writeUInt16LE(60000, 16 + 110), b)],
  ['lies about its size', (b: Buffer) => (b.writeUInt32LE(1 << 20, 16), b)],
  ['has an unknown kind', (b: Buffer) => (b.writeUInt16LE(99, 16 + 4), b)],
  ['has another ABI version', (b: Buffer) => (b.writeUInt16LE(99, 16 + 6), b)],
  ['comes from no known ring', (b: Buffer) => (b.writeBigUInt64LE(2n, 8), b)],
])('a record that %s is refused with a code', (_, damage) => {
  const bytes = damage(encodeEventFrame(0, encodeEventAccess(event)));
  expect(decodeEventFrame({ kind: FrameKind.EVENT, seq: bytes.readBigUInt64LE(8), bytes })).toMatchObject({
    ok: false,
    error: { code: 'KA_ABI_RECORD_BROKEN' },
  });
});

const damaged = (at: number, value: number): Buffer => {
  const bytes = Buffer.from(workloadSet);
  bytes.writeUInt16LE(value, at);
  return bytes;
};

test.each([
  ['of an unknown kind', damaged(4, 200), 'KA_ABI_FRAME_UNKNOWN'],
  ['of another ABI version', damaged(6, KA_ABI_VERSION + 1), 'KA_ABI_MISMATCH'],
  [
    'shorter than its struct',
    encodeHeader({ size: 16, kind: FrameKind.WORKLOAD_SET, abiVersion: KA_ABI_VERSION, seq: 1n }),
    'KA_ABI_FRAME_TRUNCATED',
  ],
])('a frame %s is reported and the next one still read', (_, bytes, code) => {
  const { frames, errors } = collect([Buffer.concat([bytes, encodeBareFrame(FrameKind.SYNCED, 2n)])]);
  expect(errors).toMatchObject([{ code, isFatal: false, place: 'byte 0' }]);
  expect(frames).toMatchObject([{ kind: FrameKind.SYNCED, seq: 2n }]);
});

test('a frame over the bound is skipped, whatever pieces it comes in', () => {
  const big = encodeFramePlanPut({ seq: 1n, contentHash: 1n }, Buffer.alloc(5000));
  const stream = Buffer.concat([big, encodeBareFrame(FrameKind.SYNCED, 2n)]);
  const { frames, errors } = collect(
    [stream.subarray(0, 100), stream.subarray(100, 4000), stream.subarray(4000)],
    1024,
  );
  expect(errors).toMatchObject([{ code: 'KA_ABI_FRAME_TOO_LARGE' }]);
  expect(frames).toMatchObject([{ seq: 2n }]);
});

test('a length smaller than a header ends the stream for good', () => {
  const { frames, errors } = collect([Buffer.alloc(16), workloadSet]);
  expect(errors).toMatchObject([{ code: 'KA_ABI_LENGTH_BROKEN', isFatal: true }]);
  expect(frames).toEqual([]);
});

test('a stream that ends inside a frame says so', () => {
  expect(collect([workloadSet.subarray(0, 50)]).errors).toMatchObject([
    { code: 'KA_ABI_FRAME_TRUNCATED', isFatal: true },
  ]);
});

test('the bound leaves room for the largest plan', () => {
  expect(KA_FRAME_MAX).toBe(64 << 20);
});
