import { Buffer } from 'node:buffer';
import { EventAccessLayout, FrameKind, PlanLayout, Ring } from '@kubearmor-ts/abi';
import { createEnforcer, planHash, spawnEnforcer } from '@kubearmor-ts/enforcer';
import type { Enforcer, EnforcerDeps, EventBatch, Hello, State } from '@kubearmor-ts/enforcer';
import { FakeClock } from '@kubearmor-ts/life';
import { FakeEnforcer } from './index.ts';

const plan = (filling: number): { contentHash: bigint; blob: Buffer } => {
  const blob = Buffer.alloc(192, filling);
  blob.fill(0, PlanLayout.contentHash, PlanLayout.contentHash + 8);
  const contentHash = planHash(blob);
  blob.writeBigUInt64LE(contentHash, PlanLayout.contentHash);
  return { contentHash, blob };
};

interface Rig {
  readonly fake: FakeEnforcer;
  readonly clock: FakeClock;
  readonly enforcer: Enforcer;
  readonly abort: AbortController;
  readonly resyncs: Hello[];
  reached(kind: State['kind']): Promise<State>;
}

const rigs: Rig[] = [];

const aRig = (deps: Partial<EnforcerDeps> = {}): Rig => {
  const fake = new FakeEnforcer();
  const clock = new FakeClock();
  const resyncs: Hello[] = [];
  const enforcer = createEnforcer({
    spawn: fake.spawn,
    clock,
    random: () => 0.5,
    resync: (hello) => void resyncs.push(hello),
    ...deps,
  });
  const rig: Rig = {
    fake,
    clock,
    enforcer,
    abort: new AbortController(),
    resyncs,
    reached: (kind) =>
      new Promise((resolve) => {
        if (enforcer.state.kind === kind) resolve(enforcer.state);
        enforcer.onState((state) => {
          if (state.kind === kind) resolve(state);
        });
      }),
  };
  rigs.push(rig);
  return rig;
};

afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    rig.abort.abort();
    await rig.enforcer.stop();
  }
});

const settled = async (clock: FakeClock): Promise<void> => {
  for (let period = 0; period < 3; period += 1) await clock.advance(1000);
};

const batchesOf = (enforcer: Enforcer): EventBatch[] => {
  const batches: EventBatch[] = [];
  enforcer.onEvents((batch) => void batches.push(batch));
  return batches;
};

test('a plan, a workload and its cgroups arrive as they were given', async () => {
  const { fake, enforcer, abort } = aRig();
  await enforcer.start(abort.signal);
  const one = plan(7);
  expect(await enforcer.putPlan(one)).toEqual({ ok: true, value: undefined });
  expect(
    await enforcer.setWorkload({ workload: 3, revision: 9, contentHash: one.contentHash, key: 'abc' }),
  ).toMatchObject({ ok: true });
  expect(await enforcer.bindCgroupName(3, 'cri-containerd-abc.scope')).toMatchObject({ ok: true });
  expect(await enforcer.bindCgroupId(3, 1234567890123n)).toMatchObject({ ok: true });
  expect(await enforcer.stats()).toMatchObject({ ok: true, value: { planCount: 1, workloadCount: 1 } });
  expect(fake.plans.get(one.contentHash)?.equals(one.blob)).toBe(true);
  expect(fake.workloads.get(3)).toEqual({ revision: 9, contentHash: one.contentHash, key: 'abc' });
  expect(fake.cgroupNames.get('cri-containerd-abc.scope')).toBe(3);
  expect(fake.cgroupIds.get(1234567890123n)).toBe(3);
});

test('a refused command tells which object and why', async () => {
  const { enforcer, abort } = aRig();
  await enforcer.start(abort.signal);
  expect(
    await enforcer.setWorkload({ workload: 3, revision: 1, contentHash: 99n, key: 'abc' }),
  ).toMatchObject({
    ok: false,
    error: {
      code: 'KA_ENFORCER_REFUSED',
      object: 'workload 3',
      place: 'PLAN_UNKNOWN',
      message: 'workload 3: workload names a plan that was never put',
    },
  });
});

test.each([
  [
    'an empty key',
    (e: Enforcer) => e.setWorkload({ workload: 1, revision: 1, contentHash: 0n, key: '' }),
    'KA_ENFORCER_TEXT_INVALID',
  ],
  [
    'a name that is too long',
    (e: Enforcer) => e.bindCgroupName(1, 'x'.repeat(128)),
    'KA_ENFORCER_TEXT_INVALID',
  ],
  ['a name with a NUL', (e: Enforcer) => e.bindCgroupName(1, 'a\0b'), 'KA_ENFORCER_TEXT_INVALID'],
  [
    'a plan that is not what its hash says',
    (e: Enforcer) => e.putPlan({ ...plan(1), contentHash: 5n }),
    'KA_ENFORCER_PLAN_HASH',
  ],
])('%s is refused before it is sent', async (_, act, code) => {
  const { fake, enforcer, abort } = aRig();
  await enforcer.start(abort.signal);
  expect(await act(enforcer)).toMatchObject({ ok: false, error: { code } });
  expect(fake.received).toEqual([]);
});

test('a command fails at once when too many wait for an answer', async () => {
  const { fake, enforcer, abort } = aRig({ maxPending: 2 });
  await enforcer.start(abort.signal);
  fake.isMute = true;
  void enforcer.synced();
  void enforcer.synced();
  expect(await enforcer.synced()).toMatchObject({ ok: false, error: { code: 'KA_ENFORCER_QUEUE_FULL' } });
});

test('a crash ends every pending command, and the next enforcer brings the workloads back', async () => {
  const { fake, clock, enforcer, abort, resyncs, reached } = aRig();
  await enforcer.start(abort.signal);
  const one = plan(7);
  await enforcer.putPlan(one);
  await enforcer.setWorkload({ workload: 3, revision: 9, contentHash: one.contentHash, key: 'abc' });
  fake.isMute = true;
  const pending = enforcer.synced();
  fake.crash();
  expect(await pending).toMatchObject({ ok: false, error: { code: 'KA_ENFORCER_GONE', object: 'synced' } });
  expect(await enforcer.synced()).toMatchObject({ ok: false, error: { code: 'KA_ENFORCER_NOT_RUNNING' } });
  fake.isMute = false;
  await reached('waiting');
  const running = reached('running');
  await clock.advance(200);
  await running;
  expect(fake.starts).toBe(2);
  expect(enforcer.restoredWorkloads).toEqual([
    { workload: 3, revision: 9, contentHash: one.contentHash, key: 'abc' },
  ]);
  expect(resyncs).toHaveLength(1);
  expect(await enforcer.synced()).toMatchObject({ ok: true });
  expect(fake.workloads.size).toBe(0);
});

test('records come in batches, and those that were lost over a crash are counted exactly', async () => {
  const { fake, clock, enforcer, abort, reached } = aRig();
  const seen: bigint[] = [];
  let lost = 0n;
  enforcer.onEvents((batch) => {
    expect(batch.ring).toBe(Ring.ALERTS);
    seen.push(...batch.events.map((event) => event.seq));
    lost += batch.lost;
  });
  fake.taken[0] = 2n;
  fake.produced[0] = 4n; // 3 and 4 were read by an agent that died with them
  await enforcer.start(abort.signal);
  fake.emit();
  fake.lose();
  fake.emit();
  await enforcer.stats();
  await settled(clock);
  expect(seen).toEqual([5n, 7n]);
  expect(lost).toBe(3n);

  await reached('running');
  fake.crash();
  fake.lose();
  fake.emit();
  await reached('waiting');
  const running = reached('running');
  await clock.advance(200);
  await running;
  await enforcer.stats();
  await settled(clock);
  expect(seen).toEqual([5n, 7n, 9n]);
  expect(lost).toBe(4n);
});

test('what the agent has taken is kept and never goes back', async () => {
  const { fake, enforcer, abort } = aRig();
  const { numbering } = await enforcer.start(abort.signal);
  await enforcer.eventsTaken({ numbering, taken: 10n, open: 2n });
  await enforcer.eventsTaken({ numbering, taken: 4n, open: 0n }, Ring.TELEMETRY);
  await enforcer.eventsTaken({ numbering, taken: 7n, open: 0n });
  expect([fake.taken, fake.open]).toEqual([
    [10n, 4n],
    [2n, 0n],
  ]);
  await enforcer.eventsTaken({ numbering, taken: 10n, open: 1n });
  await enforcer.eventsTaken({ numbering, taken: 10n, open: 2n });
  expect([fake.taken, fake.open]).toEqual([
    [10n, 4n],
    [1n, 0n],
  ]);
});

test('a loss that no record follows comes with a mark of its own', async () => {
  const { fake, clock, enforcer, abort } = aRig();
  const batches = batchesOf(enforcer);
  const { numbering } = await enforcer.start(abort.signal);
  fake.lose();
  fake.emit();
  await enforcer.stats();
  expect(batches).toMatchObject([
    { ring: Ring.ALERTS, events: [{ seq: 2n }], lost: 0n, mark: { numbering, taken: 2n, open: 1n } },
  ]);
  await settled(clock);
  expect(batches.slice(1)).toEqual([
    { ring: Ring.ALERTS, events: [], lost: 1n, mark: { numbering, taken: 2n, open: 0n } },
  ]);
});

test('what the enforcer died with unread is said again to the next one', async () => {
  const { fake, clock, enforcer, abort, reached } = aRig();
  const { numbering } = await enforcer.start(abort.signal);
  fake.isMute = true;
  const unheard = enforcer.eventsTaken({ numbering, taken: 3n, open: 1n });
  fake.crash();
  expect(await unheard).toMatchObject({ ok: false, error: { code: 'KA_ENFORCER_GONE' } });
  expect(await enforcer.eventsTaken({ numbering, taken: 4n, open: 1n })).toMatchObject({
    ok: false,
    error: { code: 'KA_ENFORCER_NOT_RUNNING' },
  });
  fake.isMute = false;
  fake.taken[0] = fake.open[0] = 0n;
  await reached('waiting');
  const running = reached('running');
  await clock.advance(200);
  await running;
  await enforcer.stats();
  expect([fake.taken[0], fake.open[0]]).toEqual([4n, 1n]);
});

test('what gets safe while the agent stops is still said, and no record is handed over any more', async () => {
  const batches: EventBatch[] = [];
  const { fake, enforcer, abort } = aRig({
    beforeEnd: () => {
      fake.emit();
      void enforcer.eventsTaken(batches[0]!.mark);
      return Promise.resolve();
    },
  });
  enforcer.onEvents((batch) => void batches.push(batch));
  await enforcer.start(abort.signal);
  fake.emit();
  await enforcer.stats();
  await enforcer.stop();
  expect(batches).toHaveLength(1);
  expect([fake.produced[0], fake.taken[0]]).toEqual([2n, 1n]);
});

test('numbers that begin again are not mistaken for old ones, however many there are', async () => {
  const { fake, clock, enforcer, abort, reached } = aRig();
  const batches = batchesOf(enforcer);
  await enforcer.start(abort.signal);
  fake.emit();
  fake.lose();
  fake.emit();
  await enforcer.stats();
  const old = batches.at(-1)!.mark;
  fake.unload();
  for (let i = 0; i < 5; i += 1) fake.emit();
  await reached('waiting');
  const running = reached('running');
  await clock.advance(200);
  await running;
  await enforcer.stats();
  await settled(clock);
  const came = batches.filter(({ mark }) => mark.numbering !== old.numbering);
  expect(came.reduce((sum, { lost }) => sum + lost, 0n)).toBe(1n);
  expect(came.flatMap(({ events }) => events.map(({ seq }) => seq))).toEqual([1n, 2n, 3n, 4n, 5n]);
  expect(await enforcer.eventsTaken(old)).toMatchObject({ ok: true });
  expect(fake.taken[0]).toBe(0n);
  await enforcer.eventsTaken(batches.at(-1)!.mark);
  expect(fake.taken[0]).toBe(5n);
});

test('an enforcer of another ABI version is refused with a code, and not started again', async () => {
  const fake = new FakeEnforcer();
  const { enforcer, abort } = aRig({
    spawn: () => {
      const process = fake.spawn();
      const frames = process.frames;
      const hello = frames.read() as Buffer;
      hello.writeUInt16LE(99, 6);
      frames.unshift(hello);
      return process;
    },
  });
  await expect(enforcer.start(abort.signal)).rejects.toMatchObject({ code: 'KA_ENFORCER_ABI_MISMATCH' });
  expect(enforcer.state.kind).toBe('failed');
  expect(fake.starts).toBe(1);
});

test.each([
  [3, 'KA_ENFORCER_KERNEL_UNSUPPORTED'],
  [4, 'KA_ENFORCER_PROGRAM_REJECTED'],
  [2, 'KA_ENFORCER_USAGE'],
])('exit code %i fails the start with %s', async (code, wanted) => {
  const { fake, enforcer, abort } = aRig();
  fake.nextExit = { code, signal: null };
  await expect(enforcer.start(abort.signal)).rejects.toMatchObject({ code: wanted });
});

test('a busy pin directory is tried again until it is free', async () => {
  const { fake, clock, enforcer, abort, reached } = aRig();
  fake.nextExit = { code: 6, signal: null };
  const start = enforcer.start(abort.signal);
  expect(await reached('waiting')).toMatchObject({ error: { code: 'KA_ENFORCER_BUSY' } });
  await clock.advance(200);
  await start;
  expect(fake.starts).toBe(2);
});

test('an enforcer that stops answering is replaced', async () => {
  const { fake, clock, enforcer, abort, reached } = aRig();
  await enforcer.start(abort.signal);
  fake.isMute = true;
  const unanswered = enforcer.synced();
  for (let second = 0; second < 31; second++) await clock.advance(1000);
  expect(await unanswered).toMatchObject({ ok: false, error: { code: 'KA_ENFORCER_GONE' } });
  fake.isMute = false;
  const running = reached('running');
  await clock.advance(200);
  await running;
  expect(fake.starts).toBe(2);
});

test('garbage from the enforcer is counted, and a broken length replaces it', async () => {
  const { fake, enforcer, abort, reached } = aRig();
  await enforcer.start(abort.signal);
  const record = Buffer.alloc(16 + EventAccessLayout.sizeBytes);
  record.writeUInt32LE(record.length, 0);
  record.writeUInt16LE(FrameKind.EVENT, 4);
  record.writeUInt16LE(1, 6);
  fake.sendRaw(record);
  await enforcer.stats();
  expect(enforcer.badFrames).toBe(1);
  const waiting = reached('waiting');
  fake.sendRaw(Buffer.alloc(64));
  expect(await waiting).toMatchObject({ error: { code: 'KA_ENFORCER_BAD_FRAME' } });
});

test('a binary that does not exist fails the start with its path', async () => {
  const { enforcer, abort } = aRig({ spawn: () => spawnEnforcer({ binary: '/nonexistent/ka-enforcer' }) });
  await expect(enforcer.start(abort.signal)).rejects.toMatchObject({
    code: 'KA_ENFORCER_NOT_STARTED',
    message: expect.stringContaining('/nonexistent/ka-enforcer') as string,
  });
});

test('a real process is started on descriptors 3 and 4, and its last words explain its exit', async () => {
  const { enforcer, abort } = aRig({
    spawn: () =>
      spawnEnforcer({ binary: '/bin/sh', args: ['-c', 'echo no BTF here >&2; : <&3 >&4; exit 3'] }),
  });
  await expect(enforcer.start(abort.signal)).rejects.toMatchObject({
    code: 'KA_ENFORCER_KERNEL_UNSUPPORTED',
    message: expect.stringContaining('no BTF here') as string,
  });
});
