import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { FakeClock, createRealClock } from '@kubearmor-ts/life';
import type { Clock } from '@kubearmor-ts/life';
import { until } from '@kubearmor-ts/until';
import type { SinkRecord } from '@kubearmor-ts/sink';
import { anAlert } from '@kubearmor-ts/test-events';
import { createFileSink, createStdoutSink, readFileConfig, readStdoutConfig } from './index.ts';
import type { FileSink } from './index.ts';

const slowMachineMs = 120_000;
const never = new AbortController().signal;
const named = (...names: string[]): SinkRecord[] =>
  names.map((PolicyName) => ({ kind: 'alerts', event: anAlert({ PolicyName }) }));

let dir: string;
const cleanups: (() => unknown)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ka-file-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  rmSync(dir, { recursive: true, force: true });
});

const path = (): string => join(dir, 'alerts.log');
const asideNames = (): string[] =>
  readdirSync(dir)
    .filter((name) => name.startsWith('alerts.log.'))
    .sort();
const policiesIn = (text: string): string[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { PolicyName: string }).PolicyName);
const policies = (): string[] => policiesIn(readFileSync(path(), 'utf8'));

function sinkTo(value: Readonly<Record<string, unknown>> = {}, clock: Clock = createRealClock()): FileSink {
  const read = readFileConfig({ path: path(), ...value }, 's');
  if (!read.ok) throw new Error(read.error[0]!.message);
  const sink = createFileSink({ config: read.value, clock });
  cleanups.push(() => sink.close());
  return sink;
}

test('events are lines, in order, in a file that not everybody may read', async () => {
  const sink = sinkTo({ fsync: true });
  expect(await sink.deliver(named('a', 'b'), never)).toEqual({ kind: 'delivered', rejected: [] });
  await sink.deliver(named('c'), never);
  expect(policies()).toEqual(['a', 'b', 'c']);
  expect(statSync(path()).mode & 0o777).toBe(0o640);
});

test('a line cannot be forged by what an event holds', async () => {
  const event = anAlert({ Message: 'x\n{"PolicyName":"forged"}', Resource: '\u009b\u2028' });
  await sinkTo().deliver([{ kind: 'alerts', event }], never);
  expect(policies()).toEqual(['guard-token']);
});

test.each(['json', 'ecs', 'ocsf'])(
  'a %s line that would be too long has its longest text cut, with a mark, and is still whole and counted',
  async (format) => {
    const sink = sinkTo({ format, maxLineBytes: 4000 });
    const event = anAlert({ Resource: `/${'é'.repeat(50_000)}` });
    const batch = [{ kind: 'alerts', event } as const, ...named('short')];
    expect(await sink.deliver(batch, never)).toEqual({ kind: 'delivered', rejected: [] });
    const [long = '', short = ''] = readFileSync(path(), 'utf8').split('\n');
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(4000);
    expect(JSON.stringify(JSON.parse(long))).toMatch(/é\.\.\.\[\+\d+\]/);
    expect(short).toContain('short');
    expect(sink.counts()).toMatchObject({ cut: 1 });
  },
);

test('a file that would grow too long is set aside, the newest are kept, compressed', async () => {
  const sink = sinkTo({ maxBytes: 2000, keep: 2, gzip: true });
  for (const name of ['a', 'b', 'c', 'd', 'e']) await sink.deliver(named(name, name), never);
  expect(policies()).toEqual(['e', 'e']);
  expect(sink.counts()).toEqual({ cut: 0, setAside: 4, reopened: 0, tidyingFailed: 0 });
  await sink.close();
  expect(asideNames()).toHaveLength(2);
  const kept = asideNames().map((name) =>
    policiesIn(gunzipSync(readFileSync(join(dir, name))).toString('utf8')),
  );
  expect(kept).toEqual([
    ['c', 'c'],
    ['d', 'd'],
  ]);
  expect(statSync(join(dir, asideNames()[0]!)).mode & 0o777).toBe(0o640);
});

test('a file that is old enough is set aside with the next event', async () => {
  const clock = new FakeClock(BigInt(Date.now()) * 1_000_000n);
  const sink = sinkTo({ maxAgeMinutes: 60 }, clock);
  await sink.deliver(named('a'), never);
  await sink.deliver(named('b'), never);
  await clock.advance(61 * 60_000);
  await sink.deliver(named('c'), never);
  expect(policies()).toEqual(['c']);
  expect(asideNames()).toHaveLength(1);
});

test('files that two rotations of one moment set aside do not replace each other', async () => {
  const sink = sinkTo({ maxBytes: 1 }, new FakeClock(BigInt(Date.now()) * 1_000_000n));
  for (const name of ['a', 'b', 'c']) await sink.deliver(named(name), never);
  expect(asideNames().map((name) => policiesIn(readFileSync(join(dir, name), 'utf8'))[0])).toEqual([
    'a',
    'b',
  ]);
});

test('a file that something else moved, removed or cut is written on where it belongs', async () => {
  const sink = sinkTo();
  await sink.deliver(named('a'), never);
  renameSync(path(), join(dir, 'moved'));
  await sink.deliver(named('b'), never);
  expect(policies()).toEqual(['b']);
  unlinkSync(path());
  await sink.deliver(named('c'), never);
  expect(policies()).toEqual(['c']);
  writeFileSync(path(), '');
  await sink.deliver(named('d'), never);
  expect(policies()).toEqual(['d']);
  expect(policiesIn(readFileSync(join(dir, 'moved'), 'utf8'))).toEqual(['a']);
  expect(sink.counts().reopened).toBe(2);
});

test('what a crash left of a line is ended before the next one', async () => {
  appendFileSync(path(), '{"torn":');
  await sinkTo().deliver(named('a'), never);
  expect(readFileSync(path(), 'utf8').split('\n')[0]).toBe('{"torn":');
  expect(policiesIn(readFileSync(path(), 'utf8').split('\n').slice(1).join('\n'))).toEqual(['a']);
});

test('a directory that is gone, or a path that is none of a file, is a retry until it is mended', async () => {
  const missing = sinkTo({ path: join(dir, 'no/alerts.log') });
  expect(await missing.deliver(named('a'), never)).toMatchObject({ kind: 'retry', indexes: [0] });
  mkdirSync(join(dir, 'no'));
  expect((await missing.deliver(named('a'), never)).kind).toBe('delivered');
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  const pipe = sinkTo({ path: join(dir, 'pipe') });
  expect(await pipe.deliver(named('a'), never)).toMatchObject({
    kind: 'retry',
    reason: expect.stringContaining('not a regular file') as string,
  });
});

test(
  'a full disk leaves no half line, and what did not fit arrives once there is room',
  async () => {
    // A limit on the size of files makes the kernel fail the write in its middle, as a full disk does.
    const script = `
    import { createRealClock } from '@kubearmor-ts/life';
    import { anAlert } from '@kubearmor-ts/test-events';
    import { createFileSink, readFileConfig } from './src/index.ts';
    process.on('SIGXFSZ', () => undefined);
    const read = readFileConfig({ path: process.argv[1], maxBytes: 0 }, 's');
    const sink = createFileSink({ config: read.value, clock: createRealClock() });
    const answers = [];
    for (let n = 0; n < 6; n++) {
      const batch = [1, 2].map(() => ({ kind: 'alerts', event: anAlert({ PolicyName: 'n' + n }) }));
      answers.push((await sink.deliver(batch, new AbortController().signal)).kind);
    }
    await sink.close();
    console.log(JSON.stringify(answers));`;
    const output = execFileSync(
      'sh',
      [
        '-c',
        'ulimit -f 8; exec "$@"',
        'sh',
        process.execPath,
        ...['--conditions=ka-source', '--input-type=module-typescript', '--eval', script, path()],
      ],
      { cwd: join(import.meta.dirname, '..'), encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const answers = JSON.parse(output) as string[];
    expect(answers[0]).toBe('delivered');
    expect(answers.at(-1)).toBe('retry');
    const whole = policies();
    expect(whole).toEqual(
      answers.flatMap((kind, n) => (kind === 'delivered' ? [`n${String(n)}`, `n${String(n)}`] : [])),
    );
    expect((await sinkTo({ maxBytes: 0 }).deliver(named('later'), never)).kind).toBe('delivered');
    expect(policies()).toEqual([...whole, 'later']);
  },
  slowMachineMs,
);

test('an event that cannot be told is rejected alone', async () => {
  const broken = { kind: 'alerts', event: { ...anAlert(), EventData: null } } as unknown as SinkRecord;
  expect(await sinkTo().deliver([broken, ...named('ok')], never)).toMatchObject({
    kind: 'delivered',
    rejected: [{ index: 0 }],
  });
  expect(policies()).toEqual(['ok']);
});

test.each<[string, unknown, string]>([
  ['no path', {}, 's.path is required'],
  ['a relative path', { path: 'alerts.log' }, 's.path must be the absolute path of a file'],
  ['a strange mode', { path: '/x', mode: 'rw' }, 's.mode must be three octal digits, such as 0640'],
  ['a negative number', { path: '/x', keep: -1 }, 's.keep must be a whole number from 0 to 10000'],
])('%s is refused by the name of the key', (_name, value, message) => {
  const read = readFileConfig(value, 's');
  expect(read.ok ? [] : read.error.map((error) => error.message)).toContain(message);
});

function stdoutTo(output: Writable, value: Readonly<Record<string, unknown>> = {}) {
  const read = readStdoutConfig(value, 's');
  if (!read.ok) throw new Error(read.error[0]!.message);
  return createStdoutSink({ config: read.value, clock: createRealClock(), output });
}

test('stdout: events are lines', async () => {
  const output = new PassThrough();
  const sink = stdoutTo(output, { format: 'ecs' });
  expect((await sink.deliver(named('a', 'b'), never)).kind).toBe('delivered');
  const lines = (output.read() as Buffer).toString('utf8').split('\n').slice(0, -1);
  expect(lines.map((line) => (JSON.parse(line) as { rule: { name: string } }).rule.name)).toEqual(['a', 'b']);
  await sink.close();
});

test('stdout: a reader that does not read holds one batch, not more, and one that is gone is a retry', async () => {
  let taken = 0;
  let release: (() => void) | undefined;
  const slow = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => {
      taken += 1;
      release = done;
    },
  });
  const sink = stdoutTo(slow, { timeoutMs: 100 });
  expect(await sink.deliver(named('a'), never)).toMatchObject({
    kind: 'retry',
    reason: 'the write takes too long',
  });
  expect((await sink.deliver(named('a'), never)).kind).toBe('retry');
  expect([taken, slow.writableLength > 2000]).toEqual([1, false]);
  release!();
  const again = sink.deliver(named('a'), never);
  await until(() => taken >= 2);
  release!();
  expect((await again).kind).toBe('delivered');
  slow.destroy(new Error('the reader is gone'));
  expect((await sink.deliver(named('b'), never)).kind).toBe('retry');
});

test(
  'a file takes many events a second',
  async () => {
    const sink = sinkTo({ maxBytes: 10_000_000, keep: 1 });
    const batch = Array.from({ length: 1000 }, () => named('many')[0]!);
    const total = 10_000;
    const startMs = performance.now();
    const before = process.cpuUsage();
    for (let sent = 0; sent < total; sent += batch.length) await sink.deliver(batch, never);
    const seconds = (performance.now() - startMs) / 1000;
    const { user, system } = process.cpuUsage(before);
    const perCpu = Math.round(total / ((user + system) / 1e6));
    console.log(
      `file: ${String(Math.round(total / seconds))} events/s, ${String(perCpu)} a second of this process's CPU`,
    );
    expect(existsSync(path())).toBe(true);
  },
  slowMachineMs,
);
