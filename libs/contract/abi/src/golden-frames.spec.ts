import { readFileSync, writeFileSync } from 'node:fs';
import {
  Class,
  ClassPlanLayout,
  Code,
  decodeEventFrame,
  decodeFrameAck,
  decodeFrameHello,
  decodeFrameStats,
  decodeFrameWorkload,
  encodeBareFrame,
  encodeFrameCgroupId,
  encodeFrameCgroupName,
  encodeFrameEventsTaken,
  encodeFramePlanPut,
  encodeFrameWorkloadDrop,
  encodeFrameWorkloadSet,
  FrameKind,
  FrameReader,
  Hook,
  KA_ABI_VERSION,
  KA_CLASS_SPEAKS,
  KA_PLAN_MAGIC,
  PlanLayout,
  Ring,
  RowLayout,
  StateLayout,
  Verdict,
} from './index.ts';
import type { Frame } from './index.ts';

const vectors = new URL('../../../testing/vectors/frames/', import.meta.url);
const seq = 0x0102030405060708n;

const readGolden = (name: string): Frame => {
  const frames: Frame[] = [];
  new FrameReader().push(readFileSync(new URL(`from-enforcer/${name}.bin`, vectors)), {
    frame: (frame) => void frames.push(frame),
    error: (error) => {
      throw new Error(error.message);
    },
  });
  expect(frames).toHaveLength(1);
  return frames[0] as Frame;
};

describe('frames written by the C enforcer mean the same here', () => {
  test('hello', () => {
    expect(decodeFrameHello(readGolden('hello').bytes, 0)).toMatchObject({
      kind: FrameKind.HELLO,
      abiVersion: KA_ABI_VERSION,
      seq,
      hooks: (1n << BigInt(Hook.FILE_OPEN)) | (1n << BigInt(Hook.MOVE_MOUNT)),
      numbering: 8n,
      taken: [1n, 2n],
      open: [9n, 10n],
      produced: [3n, 4n],
      waiting: [5n, 6n],
      arenaSize: 1n << 25n,
      adopted: 1,
      workloadCount: 7,
      build: Buffer.from(Array.from({ length: 32 }, (_, i) => i)),
      kernel: Buffer.from('6.12.0-test'),
    });
  });
  test('workload', () => {
    expect(decodeFrameWorkload(readGolden('workload').bytes, 0)).toMatchObject({
      contentHash: 0x8000000000000001n,
      workload: 3,
      revision: 4,
      key: Buffer.from('container-key'),
    });
  });
  test('ack', () => {
    expect(decodeFrameAck(readGolden('ack').bytes, 0)).toMatchObject({
      seq,
      code: Code.PLAN_INVALID,
      error: -22,
      detail: Buffer.from('tables overlap'),
    });
  });
  test('stats', () => {
    expect(decodeFrameStats(readGolden('stats').bytes, 0)).toMatchObject({
      arenaUsed: 1n,
      arenaSize: 2n,
      produced: [3n, 4n],
      planCount: 5,
      workloadCount: 6,
      counter: Array.from({ length: 32 }, (_, i) => BigInt(100 + i)),
    });
  });
  test('ready', () => {
    expect(readGolden('ready')).toMatchObject({ kind: FrameKind.READY, seq });
  });
  test('event', () => {
    expect(decodeEventFrame(readGolden('event'))).toMatchObject({
      ok: true,
      value: {
        ring: Ring.TELEMETRY,
        event: {
          seq: 41n,
          bootNs: seq,
          execId: 0x8000000000000002n,
          args: [0xffffffffffffff9cn, 2n, 3n],
          workload: 4,
          revision: 5,
          rule: 6,
          hostPid: 7,
          hostPpid: 8,
          pid: 9,
          ppid: 10,
          uid: 11,
          ownerUid: 12,
          syscall: -1,
          openFlags: 13,
          count: 14,
          cls: Class.FILE,
          verdict: Verdict.BLOCK,
          hook: Hook.FILE_OPEN,
          access: 7,
          isAudit: 1,
          comm: Buffer.from('sixteen-bytes-ok'),
          tty: Buffer.from('pts0'),
          object: Buffer.from('/etc/\xff name', 'latin1'),
          object2: Buffer.from('/new'),
          exe: Buffer.from('/usr/bin/cat'),
          parentExe: Buffer.from('/bin/sh'),
          cmdline: Buffer.from('cat\0/etc/x'),
          cwd: Buffer.from('/root'),
        },
      },
    });
  });
});

const smallPlan = (): Buffer => {
  const row = Math.ceil(PlanLayout.sizeBytes / RowLayout.sizeBytes) * RowLayout.sizeBytes;
  const dead = row + RowLayout.sizeBytes;
  const start = dead + StateLayout.sizeBytes;
  const blob = Buffer.alloc(dead + 64);
  blob.writeUInt32LE(KA_PLAN_MAGIC, PlanLayout.magic);
  blob.writeUInt32LE(KA_ABI_VERSION, PlanLayout.abiVersion);
  blob.writeUInt32LE(blob.length, PlanLayout.size);
  blob.writeUInt32LE(1, PlanLayout.ruleCount);
  blob.writeUInt32LE(dead, PlanLayout.states);
  blob.writeUInt32LE(2, PlanLayout.stateCount);
  blob.writeUInt32LE(row, PlanLayout.rows);
  blob.writeUInt32LE(1, PlanLayout.rowCount);
  blob.writeBigUInt64LE(0x8000000000000001n, PlanLayout.contentHash);
  blob.writeUInt32LE(start, PlanLayout.cls);
  blob.writeUInt32LE(KA_CLASS_SPEAKS, PlanLayout.cls + ClassPlanLayout.flags);
  blob.writeUInt32LE(dead, dead + StateLayout.fallback);
  blob.writeUInt32LE(dead, start + StateLayout.fallback);
  blob.writeUInt32LE(row, start + StateLayout.row);
  for (let cell = 0; cell < RowLayout.sizeBytes; cell += 8)
    blob.writeUInt32LE((1 << 2) | Verdict.BLOCK, row + cell);
  return blob;
};

/** The C unit test reads these files back; run with UPDATE_VECTORS=1 to write them anew. */
describe('commands that the C unit test reads are the ones written here', () => {
  test.each([
    ['plan-put', encodeFramePlanPut({ seq, contentHash: 0x8000000000000001n }, smallPlan())],
    [
      'workload-set',
      encodeFrameWorkloadSet({
        seq,
        contentHash: 0x8000000000000001n,
        workload: 3,
        revision: 4,
        key: Buffer.from('container-key'),
      }),
    ],
    ['workload-drop', encodeFrameWorkloadDrop({ seq, workload: 16383 })],
    [
      'cgroup-name',
      encodeFrameCgroupName({ seq, workload: 5, name: Buffer.from('cri-containerd-abc.scope') }),
    ],
    ['cgroup-id', encodeFrameCgroupId({ seq, cgroupId: 0xfedcba9876543210n, workload: 6 })],
    ['events-taken', encodeFrameEventsTaken({ seq, taken: [10n, 0xffffffffffn], open: [3n, 0xfffffffffn] })],
    ['synced', encodeBareFrame(FrameKind.SYNCED, seq)],
    ['stats-get', encodeBareFrame(FrameKind.STATS_GET, seq)],
  ])('%s', (name, bytes) => {
    const file = new URL(`from-agent/${name}.bin`, vectors);
    if (process.env['UPDATE_VECTORS'] === '1') writeFileSync(file, bytes);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });
});
