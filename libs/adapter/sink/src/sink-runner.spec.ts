import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { FakeClock } from '@kubearmor-ts/life';
import { Alert, Log } from '@kubearmor-ts/proto';
import { until } from '@kubearmor-ts/until';
import { createDeadLetterFile, createSinkRunner } from './index.ts';
import type { Delivery, RecordSource, Sink, SinkRecord, SinkRunnerOptions } from './index.ts';

const never = new AbortController().signal;
const alert = (name: string, more: Partial<Alert> = {}): SinkRecord => ({
  kind: 'alerts',
  event: Alert.create({ PolicyName: name, ...more }),
});
const nameOf = (record: SinkRecord): string => ('PolicyName' in record.event ? record.event.PolicyName : '');

/** Records in memory, and what the reader has told of them. */
class ListSource implements RecordSource {
  readonly records: SinkRecord[] = [];
  committed = 0;
  cut = 0;
  isClosed = false;
  private at = 0;
  private wake: (() => void)[] = [];

  add(...records: readonly SinkRecord[]): void {
    this.records.push(...records);
    for (const wake of this.wake.splice(0)) wake();
  }
  read(maxRecords: number) {
    const records = this.records.slice(this.at, this.at + maxRecords);
    this.at += records.length;
    const cut = this.cut;
    this.cut = 0;
    return Promise.resolve({ records, bytes: records.length, position: this.at, cut });
  }
  waitForMore(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.wake.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
  commit(position: number): void {
    this.committed = position;
  }
  get lag(): number {
    return this.records.length - this.at;
  }
  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await setImmediate();
};

interface Rig {
  readonly answers: Delivery[];
  readonly batches: string[][];
  readonly seen: SinkRecord[];
}

const delivered: Delivery = { kind: 'delivered', rejected: [] };

function rig(options: Partial<SinkRunnerOptions> = {}, limits = { maxItems: 3, maxDelayMs: 100 }) {
  const source = new ListSource();
  const clock = new FakeClock();
  const made: Rig = { answers: [], batches: [], seen: [] };
  const sink: Sink = {
    type: 'test',
    target: 'nowhere',
    limits,
    deliver: (batch) => {
      made.batches.push(batch.map(nameOf));
      made.seen.push(...batch);
      return Promise.resolve(made.answers.shift() ?? delivered);
    },
    close: () => Promise.resolve(),
  };
  const runner = createSinkRunner({
    name: 'test',
    sink,
    source,
    clock,
    random: () => 0,
    backoff: { firstMs: 1000, maxMs: 8000 },
    ...options,
  });
  const balance = (): number => {
    const counts = runner.counts();
    const { delivered: done, rejected, gaveUp, filtered, suppressed, pending } = counts;
    return counts.taken + counts.notices - done - rejected - gaveUp - filtered - suppressed - pending;
  };
  return { source, clock, runner, balance, ...made };
}

test('a full batch goes out at once, a part of one when its first record has waited', async () => {
  const { source, clock, runner, batches } = rig();
  await runner.start(never);
  source.add(alert('a'), alert('b'), alert('c'), alert('d'));
  await turns();
  expect(batches).toEqual([['a', 'b', 'c']]);
  await clock.advance(99);
  expect(batches).toHaveLength(1);
  await clock.advance(1);
  await turns();
  expect(batches[1]).toEqual(['d']);
  expect(source.committed).toBe(4);
  await runner.stop();
  expect(source.isClosed).toBe(true);
});

test('a record after a pause goes at once, those that follow wait for company', async () => {
  const { source, clock, runner, batches } = rig();
  await runner.start(never);
  source.add(alert('a'));
  await turns();
  expect(batches).toEqual([['a']]);
  await clock.advance(40);
  source.add(alert('b'));
  await turns();
  await clock.advance(59);
  source.add(alert('c'));
  await turns();
  expect(batches).toEqual([['a']]);
  await clock.advance(1);
  await turns();
  expect(batches).toEqual([['a'], ['b', 'c']]);
  await clock.advance(100);
  source.add(alert('d'));
  await turns();
  expect(batches.at(-1)).toEqual(['d']);
  await runner.stop();
});

test('a receiver that fails gets the same batch again after growing pauses, and the source is not told before', async () => {
  const { source, clock, runner, batches, answers, balance } = rig();
  answers.push({ kind: 'retry', reason: 'HTTP 503' }, { kind: 'retry', reason: 'HTTP 503' });
  await runner.start(never);
  source.add(alert('a'), alert('b'), alert('c'), alert('d'));
  await turns();
  expect(runner.state).toEqual({ kind: 'backing off', attempt: 1, pauseMs: 500, reason: 'HTTP 503' });
  expect(runner.isHealthy).toBe(false);
  expect(balance()).toBe(0);
  await clock.advance(500);
  await turns();
  expect(runner.state).toMatchObject({ kind: 'backing off', attempt: 2, pauseMs: 1000 });
  expect(source.committed).toBe(0);
  await clock.advance(1000);
  await turns();
  expect(batches).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], ['a', 'b', 'c'], ['d']]);
  expect(source.committed).toBe(4);
  expect(runner.isHealthy).toBe(true);
  expect(runner.counts()).toMatchObject({ retries: 2, delivered: 4 });
  await runner.stop();
});

test.each([
  [90_000, 90_000],
  [86_400_000_000, 600_000],
  [-5, 500],
  [Number.NaN, 500],
])('a receiver that asks for %d ms gets %d ms', async (afterMs, pauseMs) => {
  const { source, runner, answers } = rig();
  answers.push({ kind: 'retry', reason: 'HTTP 429', afterMs });
  await runner.start(never);
  source.add(alert('a'), alert('b'), alert('c'));
  await turns();
  expect(runner.state).toMatchObject({ pauseMs });
  await runner.stop();
});

test('only the records a receiver did not take are sent again, and those it refused never', async () => {
  const { source, clock, runner, batches, answers, balance } = rig({}, { maxItems: 4, maxDelayMs: 100 });
  answers.push({
    kind: 'retry',
    reason: 'busy',
    indexes: [3, 1, 99, -1],
    rejected: [{ index: 2, reason: 'bad field' }],
  });
  await runner.start(never);
  source.add(alert('a'), alert('b'), alert('c'), alert('d'));
  await turns();
  expect(runner.counts()).toMatchObject({ delivered: 1, rejected: 1, pending: 2 });
  await clock.advance(1000);
  await turns();
  expect(batches[1]).toEqual(['b', 'd']);
  expect(runner.counts()).toMatchObject({ delivered: 3, rejected: 1, pending: 0 });
  expect(balance()).toBe(0);
  await runner.stop();
});

test('a place named twice or not in the batch cannot make a record count twice', async () => {
  const { source, runner, answers, balance } = rig();
  const one = { index: 0, reason: 'no' };
  answers.push({
    kind: 'delivered',
    rejected: [one, one, { index: 7, reason: 'no' }, { index: 0.5, reason: '' }],
  });
  await runner.start(never);
  source.add(alert('a'), alert('b'), alert('c'));
  await turns();
  expect(runner.counts()).toMatchObject({ delivered: 2, rejected: 1, pending: 0 });
  expect(balance()).toBe(0);
  await runner.stop();
});

test.each([
  [2, 2],
  [99, 3],
  [-1, 0],
])('a receiver that rejects %d records without saying which is believed for %d', async (count, rejected) => {
  const { source, runner, answers, balance } = rig();
  answers.push({ kind: 'delivered', rejected: [], unnamed: { count, reason: 'bad' } });
  await runner.start(never);
  source.add(alert('a'), alert('b'), alert('c'));
  await turns();
  expect(runner.counts()).toMatchObject({ rejected, delivered: 3 - rejected });
  expect(balance()).toBe(0);
  await runner.stop();
});

test('a sink that throws costs a pause', async () => {
  const source = new ListSource();
  const clock = new FakeClock();
  let calls = 0;
  const sink: Sink = {
    type: 'test',
    target: 'nowhere',
    limits: { maxItems: 1, maxDelayMs: 0 },
    deliver: () => {
      calls += 1;
      if (calls === 1) throw new Error('broken');
      return Promise.resolve(delivered);
    },
    close: () => Promise.resolve(),
  };
  const runner = createSinkRunner({ name: 't', sink, source, clock, random: () => 0 });
  await runner.start(never);
  source.add(alert('a'));
  await turns();
  expect(runner.state).toMatchObject({ kind: 'backing off', reason: 'broken' });
  await clock.advance(1000);
  await turns();
  expect(runner.counts().delivered).toBe(1);
  await runner.stop();
});

test('what is filtered out moves the cursor without a delivery', async () => {
  const { source, runner, batches, balance } = rig({ filter: { minSeverity: 5, kinds: ['alerts'] } });
  await runner.start(never);
  source.add(alert('low', { Severity: '4' }), { kind: 'logs', event: Log.create() }, alert('none'));
  await turns();
  expect(batches).toEqual([]);
  expect(source.committed).toBe(3);
  expect(runner.counts()).toMatchObject({ taken: 3, filtered: 3 });
  expect(balance()).toBe(0);
  await runner.stop();
});

test('a rate holds back the rest, lets what is severe pass, and says how many', async () => {
  const { source, clock, runner, seen, balance } = rig(
    { filter: { rate: { perSecond: 1, alwaysSeverity: 8 } }, noticeEveryMs: 1000 },
    { maxItems: 100, maxDelayMs: 10 },
  );
  await runner.start(never);
  source.add(alert('1'), alert('2'), alert('3'), alert('severe', { Severity: '8' }));
  await clock.advance(10);
  await turns();
  expect(seen.map(nameOf)).toEqual(['1', 'severe']);
  expect(runner.counts()).toMatchObject({ suppressed: 2, delivered: 2, notices: 0 });
  await clock.advance(2000);
  source.add(alert('4'));
  await clock.advance(10);
  await turns();
  expect(seen.at(-1)?.event).toMatchObject({
    Type: 'SystemEvent',
    Operation: 'AlertThreshold',
    Message: "2 records were held back by this receiver's rate",
  });
  expect(runner.counts()).toMatchObject({ suppressed: 2, notices: 1 });
  expect(balance()).toBe(0);
  await runner.stop();
});

test('fields are taken out of what the sink sees and nobody else’s', async () => {
  const { source, clock, runner, seen } = rig({ redact: ['Source', 'Owner.Name', 'EventData', 'PID'] });
  await runner.start(never);
  const given = alert('a', {
    Source: 'cat /etc/shadow',
    PID: 7,
    Owner: { Ref: 'Pod', Name: 'p', Namespace: 'n' },
    EventData: { Lsm: 'X' },
  });
  source.add(given);
  await clock.advance(100);
  await turns();
  expect(seen[0]?.event).toMatchObject({
    Source: '[redacted]',
    PID: 0,
    Owner: { Ref: 'Pod', Name: '[redacted]', Namespace: 'n' },
    EventData: { Lsm: '[redacted]' },
    PolicyName: 'a',
  });
  expect(given.event.Source).toBe('cat /etc/shadow');
  await runner.stop();
});

test('dead letters hold what was refused, with the reason, up to their bound; the rest is counted', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ka-jest-'));
  const path = join(dir, 'dead.jsonl');
  const deadLetters = createDeadLetterFile({ path, maxBytes: 6000, sink: 's1', wallMs: () => 0 });
  const { source, runner, answers, balance } = rig({ deadLetters });
  for (let batch = 0; batch < 4; batch++) answers.push({ kind: 'refused', reason: 'HTTP 400' });
  await runner.start(never);
  source.add(...Array.from({ length: 12 }, (_, index) => alert(`p${String(index)}`)));
  await until(() => runner.counts().rejected === 12 && runner.state.kind === 'idle');
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const { deadLetters: written, deadLettersLost } = runner.counts();
  expect(written).toBe(lines.length);
  expect(written + deadLettersLost).toBe(12);
  expect(deadLettersLost).toBeGreaterThan(0);
  expect(readFileSync(path).length).toBeLessThanOrEqual(6000);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    time: '1970-01-01T00:00:00.000Z',
    sink: 's1',
    reason: 'HTTP 400',
    kind: 'alerts',
    event: { PolicyName: 'p0' },
  });
  expect(source.committed).toBe(12);
  expect(balance()).toBe(0);
  await runner.stop();
  rmSync(dir, { recursive: true });
});

test('dead letters that cannot be written are counted and stop nothing', async () => {
  const deadLetters = createDeadLetterFile({ path: '/proc/none/x', maxBytes: 1, sink: 's', wallMs: () => 0 });
  const { source, runner, answers } = rig({ deadLetters });
  answers.push({ kind: 'refused', reason: 'HTTP 400' });
  await runner.start(never);
  source.add(alert('a'), alert('b'), alert('c'));
  await until(() => runner.counts().deadLettersLost === 3);
  expect(deadLetters.counts().reason).toContain('ENOENT');
  await runner.stop();
});

test('a batch that fails for longer than allowed is given up, counted, and the next one goes on', async () => {
  const { source, clock, runner, answers, batches, balance } = rig({ giveUpAfterMs: 400 });
  answers.push({ kind: 'retry', reason: 'x' }, { kind: 'retry', reason: 'x' });
  await runner.start(never);
  source.add(...'abcdef'.split('').map((name) => alert(name)));
  await turns();
  await clock.advance(500);
  await turns();
  expect(runner.counts()).toMatchObject({ gaveUp: 3, delivered: 3 });
  expect(batches.at(-1)).toEqual(['d', 'e', 'f']);
  expect(balance()).toBe(0);
  await runner.stop();
});

test('stopping while the receiver is away ends at once and leaves the records to the source', async () => {
  const { source, runner, answers, balance } = rig();
  answers.push({ kind: 'retry', reason: 'x' }, { kind: 'retry', reason: 'x' });
  await runner.start(never);
  source.add(alert('a'), alert('b'), alert('c'));
  await turns();
  await runner.stop();
  expect(runner.state).toEqual({ kind: 'stopped' });
  expect(source.committed).toBe(0);
  expect(runner.counts().pending).toBe(3);
  expect(balance()).toBe(0);
});

test('stopping ends at the deadline when the receiver does not answer', async () => {
  const source = new ListSource();
  const clock = new FakeClock();
  const sink: Sink = {
    type: 'test',
    target: 'nowhere',
    limits: { maxItems: 1, maxDelayMs: 0 },
    deliver: (_batch, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve({ kind: 'retry', reason: 'aborted' })),
      ),
    close: () => Promise.resolve(),
  };
  const runner = createSinkRunner({ name: 't', sink, source, clock, random: () => 0, stopDeadlineMs: 2000 });
  await runner.start(never);
  source.add(alert('a'));
  await turns();
  const stopped = runner.stop();
  await clock.advance(2000);
  await stopped;
  expect(runner.counts().pending).toBe(1);
});

test('a source that forgets is drained before the stop', async () => {
  const { source, runner } = rig({ drainsOnStop: true });
  await runner.start(never);
  source.add(...'abcdefgh'.split('').map((name) => alert(name)));
  await runner.stop();
  expect(runner.counts()).toMatchObject({ delivered: 8, pending: 0 });
});

test('what the source had to cut is counted, and told to the receiver where it is missing, with the exact number', async () => {
  const { source, runner, seen, balance } = rig();
  source.cut = 5;
  await runner.start(never);
  source.add(alert('a'), alert('b'), alert('c'));
  await turns();
  expect(runner.counts()).toMatchObject({ cut: 5, delivered: 4, notices: 1, pending: 0 });
  expect(balance()).toBe(0);
  expect(seen.map(nameOf)).toEqual(['', 'a', 'b', 'c']);
  expect(seen[0]).toMatchObject({
    kind: 'alerts',
    event: {
      Type: 'SystemEvent',
      Operation: 'EventsLost',
      EventData: { Lost: '5', Kind: 'records' },
      Message: "5 records left the relay's journal before this receiver had them",
    },
  });
  await runner.stop();
});
