import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRealClock } from '@kubearmor-ts/life';
import type { Clock } from '@kubearmor-ts/life';
import { Alert, countByKind, encodeBatch, noCursor } from '@kubearmor-ts/proto';
import type { EventBatch } from '@kubearmor-ts/proto';
import type { RecordSource } from '@kubearmor-ts/sink';
import { until } from '@kubearmor-ts/until';
import { createJournal } from './index.ts';
import type { Journal, JournalOptions, JournalStorage } from './index.ts';

/** Disks on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 60_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ka-jest-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function start(
  storage?: Partial<JournalStorage> & { dir: string },
  more: Partial<JournalOptions> = {},
) {
  const journal = createJournal({
    clock: createRealClock(),
    random: () => 0,
    memoryBytes: 1 << 20,
    retry: { firstMs: 10, maxMs: 20 },
    ...(storage === undefined ? {} : { storage: { maxBytes: 64 << 20, maxAgeMs: 3_600_000, ...storage } }),
    ...more,
  });
  await journal.start(never);
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await journal.stop();
  };
  cleanups.push(stop);
  return { journal, stop };
}

let numbered = 0;
/** Appends one batch; its alerts are named by number. */
function append(journal: Journal, count: number, streamId = '', first = 1, padding = 0): Promise<boolean> {
  const events = Array.from({ length: count }, () => ({
    kind: 'alerts' as const,
    payload: Buffer.from(
      Alert.encode(Alert.create({ PolicyName: String(numbered++), Data: 'x'.repeat(padding) })).finish(),
    ),
  }));
  return appendBatch(journal, {
    streamId,
    first: { ...noCursor, alerts: first },
    missed: noCursor,
    events,
  });
}

const appendBatch = (journal: Journal, batch: EventBatch): Promise<boolean> =>
  journal.append(encodeBatch(batch), { ...batch, counts: countByKind(batch.events) });

async function readAll(source: RecordSource): Promise<{ names: number[]; cut: number; position: number }> {
  const names: number[] = [];
  let cut = 0;
  for (;;) {
    const read = await source.read(100, 1 << 20);
    cut += read.cut;
    for (const { event } of read.records) names.push('PolicyName' in event ? Number(event.PolicyName) : NaN);
    if (read.records.length === 0) return { names, cut, position: read.position };
  }
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, at) => from + at);
test.each(['memory', 'disk'])(
  'a journal in %s gives every reader every record in order, each at its own pace',
  async (mode) => {
    const { journal } = await start(mode === 'disk' ? { dir: tempDir() } : undefined);
    const fast = journal.reader('fast');
    const slow = journal.reader('slow');
    await Promise.all([fast.read(1, 1), slow.read(1, 1)]);
    const from = numbered;
    for (let batch = 0; batch < 5; batch++) expect(await append(journal, 30)).toBe(true);
    expect((await readAll(fast)).names).toEqual(range(from, 150));
    expect(slow.lag).toBe(150);
    expect((await slow.read(7, 1 << 20)).records).toHaveLength(7);
    expect((await readAll(slow)).names).toEqual(range(from + 7, 143));
    const woken = fast.waitForMore(never);
    await append(journal, 1);
    await woken;
    expect((await readAll(fast)).names).toEqual([from + 150]);
  },
  slowMachineMs,
);

test(
  'after a restart readers go on behind their last commit and streams behind their last batch',
  async () => {
    const dir = tempDir();
    const first = await start({ dir });
    const reader = first.journal.reader('siem');
    await reader.read(1, 1);
    const from = numbered;
    await append(first.journal, 10, 'boot-1', 1);
    await append(first.journal, 10, 'boot-1', 11);
    const { position } = await reader.read(10, 1 << 20);
    reader.commit(position);
    await reader.read(10, 1 << 20);
    await first.stop();

    const second = await start({ dir });
    expect(second.journal.cursorOf('boot-1')).toEqual({ alerts: 20, logs: 0, messages: 0 });
    expect(second.journal.cursorOf('boot-2')).toBeUndefined();
    expect(await readAll(second.journal.reader('siem'))).toMatchObject({
      names: range(from + 10, 10),
      cut: 0,
    });
    expect((await readAll(second.journal.reader('new'))).names).toEqual([]);
  },
  slowMachineMs,
);

test(
  'a crash keeps what was answered, together with the cursor of its stream',
  async () => {
    const dir = tempDir();
    const { journal } = await start({ dir, segmentBytes: 4000 });
    const reader = journal.reader('siem');
    await reader.read(1, 1);
    const from = numbered;
    for (let batch = 0; batch < 20; batch++) {
      await append(journal, 10, 'boot-1', batch * 10 + 1, 100);
      // The files as a crash would leave them right now.
      const copy = tempDir();
      cpSync(dir, copy, { recursive: true });
      const after = await start({ dir: copy });
      expect(after.journal.cursorOf('boot-1')).toMatchObject({ alerts: (batch + 1) * 10 });
      expect((await readAll(after.journal.reader('siem'))).names).toEqual(range(from, (batch + 1) * 10));
      await after.stop();
    }
    expect(journal.counts().segments).toBeGreaterThan(3);
  },
  slowMachineMs,
);

test(
  'a reader whose cursor is garbage gets what there is rather than nothing',
  async () => {
    const dir = tempDir();
    const first = await start({ dir });
    await first.journal.reader('siem').read(1, 1);
    const from = numbered;
    await append(first.journal, 5);
    await first.stop();
    for (const garbage of ['', '{', '[]', '{"record":-1}', '{"record":"5"}', '{"record":1e300}', '\u0000']) {
      writeFileSync(join(dir, 'cursors', 'siem.json'), garbage);
      const again = await start({ dir });
      expect((await readAll(again.journal.reader('siem'))).names).toEqual(range(from, 5));
      await again.stop();
    }
  },
  slowMachineMs,
);

test(
  'the oldest segments go when all are too large, and each reader hears how many records it lost',
  async () => {
    const dir = tempDir();
    const { journal } = await start({ dir, maxBytes: 40_000, segmentBytes: 8000 }, { memoryBytes: 2000 });
    const ahead = journal.reader('ahead');
    const behind = journal.reader('behind');
    await Promise.all([ahead.read(1, 1), behind.read(1, 1)]);
    let seen = 0;
    for (let batch = 0; batch < 60; batch++) {
      await append(journal, 10, '', 1, 100);
      seen += (await readAll(ahead)).names.length;
    }
    expect(seen).toBe(600);
    expect(journal.counts().diskBytes).toBeLessThanOrEqual(40_000 + 8000);
    const { names, cut } = await readAll(behind);
    expect(cut).toBeGreaterThan(100);
    expect(names.length + cut).toBe(600);
    expect(names.length).toBeGreaterThan(100);
  },
  slowMachineMs,
);

test(
  'memory alone is bounded too, and what is pushed out before it was read is counted for the reader',
  async () => {
    const { journal } = await start(undefined, { memoryBytes: 20_000 });
    const reader = journal.reader('r');
    await reader.read(1, 1);
    for (let batch = 0; batch < 60; batch++) await append(journal, 10, '', 1, 100);
    expect(journal.counts().memoryBytes).toBeLessThanOrEqual(20_000);
    const { names, cut } = await readAll(reader);
    expect(names.length + cut).toBe(600);
    expect(cut).toBeGreaterThan(0);
  },
  slowMachineMs,
);

test(
  'a wall clock that jumps cuts nothing; segments of a run long ago still get a part of their time',
  async () => {
    let jumpNs = 0n;
    const real = createRealClock();
    let nowMs = 0;
    const clock: Clock = {
      wallNs: () => real.wallNs() + jumpNs,
      nowMs: () => nowMs,
      sleep: real.sleep,
    };
    const dir = tempDir();
    const storage = { dir, maxAgeMs: 600_000, segmentAgeMs: 600_000, segmentBytes: 2000 };
    const first = await start(storage, { clock, memoryBytes: 1 });
    await first.journal.reader('siem').read(1, 1);
    const from = numbered;
    for (let batch = 0; batch < 10; batch++) await append(first.journal, 10);
    jumpNs = 86_400_000_000_000n * 365n;
    for (let batch = 0; batch < 10; batch++) await append(first.journal, 10);
    jumpNs = -jumpNs;
    for (let batch = 0; batch < 10; batch++) await append(first.journal, 10);
    await first.stop();
    for (const name of readdirSync(dir).filter((file) => file.endsWith('.seg')))
      utimesSync(join(dir, name), 1000, 1000);
    jumpNs = 0n;
    const second = await start(storage, { clock, memoryBytes: 1 });
    const reader = second.journal.reader('siem');
    expect((await reader.read(1, 1)).cut).toBe(0);
    // More than the tenth that was left, less than the whole.
    nowMs = 70_000;
    for (let batch = 0; batch < 10; batch++) await append(second.journal, 10);
    const { cut, names } = await readAll(reader);
    expect(cut).toBeGreaterThan(200);
    expect(1 + names.length + cut).toBe(400);
    expect(names.at(-1)).toBe(from + 399);
  },
  slowMachineMs,
);

test(
  'records of a quiet time leave by age too, the place of their stream stays, and what was not read is counted',
  async () => {
    const dir = tempDir();
    const clock = createRealClock();
    let laterMs = 0;
    const movable: Clock = { ...clock, nowMs: () => clock.nowMs() + laterMs };
    const bounds = { dir, maxAgeMs: 1_000_000, segmentAgeMs: 10_000 };
    const { journal, stop } = await start(bounds, {
      clock: { ...movable, sleep: (_, signal) => clock.sleep(5, signal) },
      memoryBytes: 1,
    });
    const slow = journal.reader('slow');
    expect((await slow.read(1, 1)).records).toEqual([]);
    await append(journal, 3, 'boot', 1);
    laterMs += 9_000;
    await append(journal, 2, 'boot', 4);
    expect(journal.counts().segments).toBe(1);
    laterMs += 2_000;
    // Nobody appends: the segment is closed all the same, and goes when its last record is too old.
    while (journal.counts().segments < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    laterMs += 1_000_000;
    while (journal.counts().segments > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(journal.counts()).toMatchObject({ end: 6, writeFailures: 0 });
    await append(journal, 1, 'boot', 6);
    expect(await readAll(slow)).toMatchObject({ cut: 5, names: [numbered - 1] });
    await stop();
    const again = (await start(bounds)).journal;
    expect(again.cursorOf('boot')).toEqual({ ...noCursor, alerts: 6 });
    expect(again.counts().end).toBe(7);
  },
  slowMachineMs,
);

test(
  'appends close an old segment as well, so that it is not kept for the sake of its youngest record',
  async () => {
    const clock = createRealClock();
    let laterMs = 0;
    const { journal } = await start(
      { dir: tempDir(), maxAgeMs: 1_000_000, segmentAgeMs: 10_000 },
      { clock: { ...clock, nowMs: () => clock.nowMs() + laterMs } },
    );
    for (let at = 0; at < 5; at++) {
      await append(journal, 1);
      laterMs += 10_000;
    }
    expect(journal.counts().segments).toBeGreaterThanOrEqual(5);
    await append(journal, 1);
    expect(journal.counts()).toMatchObject({ oldest: 1, end: 7 });
  },
  slowMachineMs,
);

test(
  'a directory is one journal’s at a time',
  async () => {
    const dir = tempDir();
    const first = await start({ dir });
    const second = createJournal({
      clock: createRealClock(),
      random: () => 0,
      memoryBytes: 1,
      storage: { dir, maxBytes: 1, maxAgeMs: 1 },
    });
    await expect(second.start(never)).rejects.toMatchObject({ code: 'KA_JOURNAL_IN_USE', object: dir });
    await first.stop();
    await (await start({ dir })).stop();
  },
  slowMachineMs,
);

test(
  'a directory that cannot be used is named',
  async () => {
    const file = join(tempDir(), 'file');
    writeFileSync(file, '');
    await expect(start({ dir: join(file, 'x') })).rejects.toMatchObject({
      code: 'KA_JOURNAL_OPEN',
      object: join(file, 'x'),
    });
  },
  slowMachineMs,
);

test.each(['', '../x', '.hidden', 'a/b', 'a\0b', 'x'.repeat(65)])('%j is no reader’s name', async (name) => {
  const { journal } = await start();
  expect(() => journal.reader(name)).toThrow('KA_JOURNAL_READER_NAME');
});

test(
  'events that cannot be decoded and messages are passed over, and readers still see the rest',
  async () => {
    const { journal } = await start();
    const reader = journal.reader('r');
    await reader.read(1, 1);
    const good = Buffer.from(Alert.encode(Alert.create({ PolicyName: '42' })).finish());
    const batch: EventBatch = {
      streamId: 's',
      first: noCursor,
      missed: noCursor,
      events: [
        { kind: 'messages', payload: Buffer.from('m') },
        { kind: 'alerts', payload: Buffer.from([0x0a, 0xff, 0x01]) },
        { kind: 'alerts', payload: good },
        { kind: 'messages', payload: Buffer.from('m') },
      ],
    };
    await appendBatch(journal, batch);
    await appendBatch(journal, batch);
    expect((await readAll(reader)).names).toEqual([42, 42]);
    expect(reader.lag).toBe(0);
    expect(journal.counts().malformed).toBe(2);
  },
  slowMachineMs,
);

test(
  'a packed batch is read like a plain one, and events that it promised and does not have are counted',
  async () => {
    const { journal } = await start();
    const reader = journal.reader('r');
    await reader.read(1, 1);
    const first = { ...noCursor, alerts: 1 };
    const events = range(1, 50).map((name) => ({
      kind: 'alerts' as const,
      payload: Buffer.from(
        Alert.encode(Alert.create({ PolicyName: String(name), Data: 'x'.repeat(200) })).finish(),
      ),
    }));
    const packed = encodeBatch({ streamId: 's', first, missed: noCursor, events }, 'zstd');
    expect(packed.length).toBeLessThan(2000);
    const head = { streamId: 's', first, missed: noCursor, counts: { ...noCursor, alerts: 50 } };
    await journal.append(packed, head);
    expect((await readAll(reader)).names).toEqual(range(1, 50));
    const torn = Buffer.from(packed);
    torn.fill(0xff, torn.length >> 1);
    await journal.append(torn, head);
    await journal.append(packed, { ...head, counts: { ...noCursor, alerts: 53 } });
    expect((await readAll(reader)).names).toEqual(range(1, 50));
    expect(journal.counts().malformed).toBe(53);
    expect(reader.lag).toBe(0);
  },
  slowMachineMs,
);

test(
  'one read takes what there is from several batches, as much as it may',
  async () => {
    const { journal } = await start();
    const reader = journal.reader('r');
    await reader.read(1, 1);
    for (let batch = 0; batch < 10; batch++) await append(journal, 3, '', 1, 100);
    expect((await reader.read(20, 1 << 20)).records).toHaveLength(20);
    expect((await reader.read(20, 300)).records.length).toBeLessThan(4);
  },
  slowMachineMs,
);

/** A disk of our own, as small as wanted; undefined where this may not be done. */
function mountSmallDisk(kilobytes: number): string | undefined {
  const dir = tempDir();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${String(kilobytes)}k`, 'ka-test', dir], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  cleanups.push(() => execFileSync('umount', [dir]));
  return dir;
}

const canMount = ((): boolean => {
  const dir = mkdtempSync(join(tmpdir(), 'ka-jest-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'ka-test', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(dir, { recursive: true });
  }
})();

(canMount ? test : test.skip)(
  `on a full disk readers go on from memory, answers wait, and all is written when there is room again${canMount ? '' : ' (skipped: mounting needs root)'}`,
  async () => {
    const dir = mountSmallDisk(400)!;
    const filler = join(dir, 'filler');
    const { journal, stop } = await start({ dir, segmentBytes: 50_000 });
    const reader = journal.reader('siem');
    await reader.read(1, 1);
    const from = numbered;
    await append(journal, 10, 'boot', 1, 100);
    writeFileSync(filler, Buffer.alloc(300 << 10));
    const answers: Promise<boolean>[] = [];
    let appended = 10;
    while (journal.state.kind === 'disk') {
      answers.push(append(journal, 50, 'boot', appended + 1, 100));
      appended += 50;
      await until(() => journal.counts().queuedBytes === 0);
    }
    expect(journal.state).toMatchObject({ kind: 'fallback' });
    answers.push(append(journal, 50, 'boot', appended + 1, 100));
    appended += 50;
    // Sinks do not notice.
    expect((await readAll(reader)).names).toEqual(range(from, appended));
    expect(journal.counts().writeFailures).toBeGreaterThan(0);
    rmSync(filler);
    expect(await Promise.all(answers)).toEqual(answers.map(() => true));
    await until(() => journal.state.kind === 'disk');
    expect(await append(journal, 1, 'boot', appended + 1)).toBe(true);
    await stop();
    const again = await start({ dir });
    expect(again.journal.cursorOf('boot')).toMatchObject({ alerts: appended + 1 });
    expect((await readAll(again.journal.reader('siem'))).names).toEqual(range(from, appended + 1));
    expect(again.journal.counts().lost).toBe(0);
  },
  slowMachineMs,
);

(canMount ? test : test.skip)(
  `when the disk stays full, memory keeps the youngest, and what it pushed out is counted and answered as not safe${canMount ? '' : ' (skipped: mounting needs root)'}`,
  async () => {
    const dir = mountSmallDisk(200)!;
    const { journal, stop } = await start({ dir, segmentBytes: 50_000 }, { memoryBytes: 50_000 });
    const behind = journal.reader('behind');
    await behind.read(1, 1);
    const filler = join(dir, 'filler');
    writeFileSync(filler, Buffer.alloc(140 << 10));
    const answers: Promise<boolean>[] = [];
    for (let batch = 0; batch < 80; batch++) {
      answers.push(append(journal, 20, 'boot', batch * 20 + 1, 100));
      await until(() => journal.counts().queuedBytes === 0);
    }
    expect(journal.state.kind).toBe('fallback');
    const { lost } = journal.counts();
    expect(lost).toBeGreaterThan(0);
    expect(journal.counts().memoryBytes).toBeLessThanOrEqual(50_000);
    rmSync(filler);
    const kept = await Promise.all(answers);
    await until(() => journal.state.kind === 'disk');
    expect(kept.filter((isKept) => !isKept).length * 20).toBe(lost);
    const { names, cut } = await readAll(behind);
    expect(cut).toBe(lost);
    expect(names.length).toBe(1600 - lost);
    await stop();
    expect((await start({ dir })).journal.cursorOf('boot')).toMatchObject({ alerts: 1600 });
  },
  slowMachineMs,
);

const isRoot = process.getuid?.() === 0;

(isRoot ? test : test.skip)(
  `a journal that loses the right to its directory goes on in memory until it has it again${isRoot ? '' : ' (skipped: needs root)'}`,
  async () => {
    const dir = tempDir();
    const { journal, stop } = await start({ dir, segmentBytes: 3000 });
    const reader = journal.reader('siem');
    await reader.read(1, 1);
    const from = numbered;
    const answers: Promise<boolean>[] = [];
    let appended = 0;
    chmodSync(dir, 0o700);
    try {
      process.seteuid?.(65_534);
      while (journal.state.kind === 'disk') {
        answers.push(append(journal, 10, 'boot', appended + 1));
        appended += 10;
        await until(() => journal.counts().queuedBytes === 0);
        reader.commit((await reader.read(100, 1 << 20)).position);
      }
      expect(journal.state).toMatchObject({ reason: expect.stringContaining('EACCES') });
      await until(() => journal.counts().cursorFailures > 0);
    } finally {
      process.seteuid?.(0);
    }
    expect(await Promise.all(answers)).toEqual(answers.map(() => true));
    await until(() => journal.state.kind === 'disk');
    await stop();
    const again = await start({ dir });
    const { names } = await readAll(again.journal.reader('all'));
    expect(names).toEqual([]);
    expect(again.journal.cursorOf('boot')).toMatchObject({ alerts: appended });
    expect(from + appended).toBe(numbered);
  },
  slowMachineMs,
);

test(
  'a directory that is removed under the journal is made up for as soon as it is there again',
  async () => {
    const dir = tempDir();
    const { journal } = await start({ dir, segmentBytes: 3000 });
    const reader = journal.reader('siem');
    await reader.read(1, 1);
    const from = numbered;
    rmSync(dir, { recursive: true });
    let appended = 0;
    const answers: Promise<boolean>[] = [];
    while (journal.state.kind === 'disk') {
      answers.push(append(journal, 10));
      appended += 10;
      await until(() => journal.counts().queuedBytes === 0);
    }
    expect(journal.state).toMatchObject({ reason: expect.stringContaining('ENOENT') });
    mkdirSync(join(dir, 'cursors'), { recursive: true });
    await Promise.all(answers);
    await until(() => journal.state.kind === 'disk');
    expect((await readAll(reader)).names).toEqual(range(from, appended));
    expect(existsSync(dir)).toBe(true);
  },
  slowMachineMs,
);

test(
  'numbers are not given out twice when a reader is ahead of what the disk kept',
  async () => {
    const dir = tempDir();
    const first = await start({ dir });
    const reader = first.journal.reader('siem');
    await reader.read(1, 1);
    await append(first.journal, 50);
    reader.commit((await reader.read(100, 1 << 20)).position);
    await first.stop();
    // The disk forgets the end of the segment, the cursor stays: as after an outage of the disk and a crash.
    const segment = join(
      dir,
      readdirSync(dir).find((name) => name.endsWith('.seg'))!,
    );
    truncateSync(segment, statSync(segment).size - 1);
    const second = await start({ dir });
    const from = numbered;
    await append(second.journal, 5);
    expect(await readAll(second.journal.reader('siem'))).toMatchObject({ names: range(from, 5), cut: 0 });
  },
  slowMachineMs,
);
