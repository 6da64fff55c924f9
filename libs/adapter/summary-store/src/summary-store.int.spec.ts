import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createRealClock } from '@kubearmor-ts/life';
import type { Clock } from '@kubearmor-ts/life';
import { Alert, Log } from '@kubearmor-ts/proto';
import { createSummaryStore } from './index.ts';
import type { EventQuery, SummaryStoreOptions } from './index.ts';

/** Threads on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 60_000;
const slowTest = (name: string, run: () => Promise<void>): void => test(name, run, slowMachineMs);
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ka-store-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The real clock, whose calendar the test may move. */
function movableClock() {
  const clock = createRealClock();
  let shiftNs = 0n;
  const moved: Clock = { ...clock, wallNs: () => clock.wallNs() + shiftNs };
  return { clock: moved, moveMs: (ms: number) => (shiftNs += BigInt(ms) * 1_000_000n) };
}

async function open(options: Partial<SummaryStoreOptions> = {}) {
  const notices: string[] = [];
  const store = createSummaryStore({
    path: ':memory:',
    clock: createRealClock(),
    onNotice: (text) => notices.push(text),
    ...options,
  });
  const stop = new AbortController();
  await store.start(stop.signal);
  let isStopped = false;
  const close = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    stop.abort();
    await store.stop();
  };
  cleanups.push(close);
  return { store, notices, close };
}

const base = {
  ClusterName: 'c',
  HostName: 'node-1',
  NamespaceName: 'shop',
  PodName: 'web-1',
  ContainerID: 'f00d',
  ContainerName: 'web',
  Owner: { Ref: 'Deployment', Name: 'web', Namespace: 'shop' },
  UpdatedTime: '2026-07-30T08:26:40.112233Z',
  ProcessName: '/bin/cat',
  Type: 'MatchedPolicy',
  Operation: 'File',
  Result: 'Permission denied',
};
const anAlert = (fields: Partial<Alert> = {}): Uint8Array =>
  Alert.encode(
    Alert.create({ ...base, PolicyName: 'guard', Severity: '7', Action: 'Block', ...fields }),
  ).finish();
const aLog = (fields: Partial<Log> = {}): Uint8Array =>
  Log.encode(Log.create({ ...base, Type: 'ContainerLog', Result: 'Passed', ...fields })).finish();

slowTest(
  'repeats are one row with their exact count, and the sum of all counts is what was taken',
  async () => {
    const { clock, moveMs } = movableClock();
    const { store } = await open({ clock });
    for (let turn = 0; turn < 700; turn++) {
      store.take(
        'alerts',
        anAlert({
          Resource: '/a',
          PID: turn,
          UpdatedTime: `2026-07-30T08:26:40.${String(turn).padStart(6, '0')}Z`,
        }),
      );
      if (turn % 7 === 0) store.take('alerts', anAlert({ Resource: '/b' }));
    }
    await store.settled();
    moveMs(11_000);
    store.take('alerts', anAlert({ Resource: '/a' }));
    const { events } = await store.events({ limit: 10 });
    expect(events.map(({ count, bytes }) => [Alert.decode(bytes).Resource, count])).toEqual([
      ['/a', 1],
      ['/b', 100],
      ['/a', 700],
    ]);
    const first = events[2]!;
    expect(first.lastMs - first.firstMs).toBe(0);
    expect(Alert.decode(first.bytes).PID).toBe(0);
    expect(first.lastSeq).toBe(800);
    expect(store.counts()).toMatchObject({ taken: 801, stored: 801, folded: 798, dropped: 0 });
    const { rows } = await store.summaries({ limit: 10 });
    expect(rows.map(({ target, count, outcome }) => [target, count, outcome])).toEqual([
      ['/a', 701, 'blocked'],
      ['/b', 100, 'blocked'],
    ]);
  },
);

describe('a question', () => {
  const questions: [string, Omit<EventQuery, 'limit'>, string[]][] = [
    ['for all gets the newest first', {}, ['/log', '/low', '/other', '/a']],
    ['for a namespace', { namespace: 'shop' }, ['/log', '/low', '/a']],
    ['for a namespace is not a pattern', { namespace: 'sho%' }, []],
    ['for a kind', { kind: 'logs' }, ['/log']],
    ['for a policy', { policy: 'guard' }, ['/low', '/other', '/a']],
    ['for severity', { minSeverity: 5 }, ['/other', '/a']],
    ['for a text in any field', { text: 'node-2' }, ['/other']],
    ['for a time', { sinceMs: Date.UTC(2026, 7, 1) }, ['/low']],
    ['until a time', { untilMs: Date.UTC(2026, 7, 1), kind: 'alerts' }, ['/other', '/a']],
    [
      'for all of several',
      {
        pod: 'web-1',
        container: 'web',
        operation: 'File',
        action: 'Block',
        type: 'MatchedPolicy',
        host: 'node-1',
      },
      ['/low', '/a'],
    ],
    ['for what was missed gets the oldest first', { afterSeq: 2 }, ['/low', '/log']],
    ['for what was before', { beforeSeq: 3 }, ['/other', '/a']],
  ];
  slowTest('is answered by every filter, and by all of several', async () => {
    const { store } = await open();
    store.take('alerts', anAlert({ Resource: '/a' }));
    store.take('alerts', anAlert({ Resource: '/other', NamespaceName: 'bank', HostName: 'node-2' }));
    store.take(
      'alerts',
      anAlert({ Resource: '/low', Severity: '1', UpdatedTime: '2026-08-30T00:00:00.000000Z' }),
    );
    store.take('logs', aLog({ Resource: '/log' }));
    for (const [name, query, resources] of questions) {
      const page = await store.events({ ...query, limit: 10 });
      const found = page.events.map(
        ({ bytes, kind }) => (kind === 'alerts' ? Alert : Log).decode(bytes).Resource,
      );
      expect([name, found]).toEqual([name, resources]);
      expect(page).toMatchObject({ oldestSeq: 1, lastSeq: 4 });
    }
  });
});

slowTest('pages follow each other without a hole or a double while events come in', async () => {
  const { store } = await open();
  for (let turn = 1; turn <= 25; turn++) store.take('alerts', anAlert({ Resource: `/${String(turn)}` }));
  const seen: number[] = [];
  for (let beforeSeq: number | undefined; ;) {
    const page = await store.events({ limit: 10, ...(beforeSeq === undefined ? {} : { beforeSeq }) });
    seen.push(...page.events.map(({ seq }) => seq));
    store.take('alerts', anAlert({ Resource: `/new${String(seen.length)}` }));
    if (page.next === undefined) break;
    beforeSeq = page.next;
  }
  expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => 25 - index));
});

slowTest('what does not fit into the queue is dropped and counted, and taking never waits', async () => {
  const { store } = await open({ queueBytes: 40_000 });
  const body = anAlert({ Resource: `/${'x'.repeat(900)}` });
  for (let turn = 0; turn < 1000; turn++) store.take('alerts', body);
  await store.settled();
  const { taken, stored, dropped } = store.counts();
  expect(taken).toBe(1000);
  expect(dropped).toBeGreaterThan(900);
  expect(stored + dropped).toBe(1000);
});

slowTest('events and summaries outlive the process, and numbers go on', async () => {
  const path = join(directory(), 'events.db');
  const before = await open({ path });
  before.store.take('alerts', anAlert({ Resource: '/a' }));
  await before.close();
  const { store } = await open({ path });
  expect(store.take('alerts', anAlert({ Resource: '/b' }))).toBe(2);
  expect((await store.events({ limit: 10 })).events.map(({ seq }) => seq)).toEqual([2, 1]);
  expect((await store.summaries({ limit: 10 })).rows).toHaveLength(2);
});

slowTest(
  'a file that is no database, is damaged or of another version is moved aside and counted',
  async () => {
    const dir = directory();
    const path = join(dir, 'events.db');
    writeFileSync(path, 'not a database at all '.repeat(100));
    const first = await open({ path });
    expect(first.store.counts().movedAside).toBe(1);
    expect(first.notices[0]).toContain(`${path}.unusable: file is not a database`);
    expect(readFileSync(`${path}.unusable`, 'utf8')).toContain('not a database at all');
    first.store.take('alerts', anAlert());
    await first.close();

    const other = new DatabaseSync(path);
    other.exec('PRAGMA user_version = 99');
    other.close();
    const second = await open({ path });
    expect(second.notices[0]).toContain('its version is 99');
    expect((await second.store.events({ limit: 1 })).events).toEqual([]);
    for (let turn = 0; turn < 3000; turn++)
      second.store.take('alerts', anAlert({ Resource: `/${String(turn)}` }));
    await second.close();

    // The middle of the file, not its head: found when it is read, not when it is opened.
    const bytes = readFileSync(path);
    bytes.fill(0xff, 8192, bytes.length);
    writeFileSync(path, bytes);
    rmSync(`${path}-wal`, { force: true });
    const third = await open({ path });
    third.store.take('alerts', anAlert({ Resource: '/x' }));
    await third.store.settled();
    await third.store.events({ limit: 10, text: 'x' }).catch(() => undefined);
    expect(third.store.counts().movedAside).toBe(1);
    third.store.take('alerts', anAlert({ Resource: '/after' }));
    const { events } = await third.store.events({ limit: 1 });
    expect(Alert.decode(events[0]!.bytes).Resource).toBe('/after');
    expect(existsSync(`${path}.unusable`)).toBe(true);
  },
);

slowTest('age and size of events are bounded, and what went is counted', async () => {
  const { clock, moveMs } = movableClock();
  const { store } = await open({
    clock,
    limits: { maxAgeMs: 60_000, maxBytes: 600_000, maxBehavioursPerWorkload: 100 },
  });
  const many = async (name: string, count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn++) {
      store.take('alerts', anAlert({ Resource: `/${name}/${String(turn)}/${'x'.repeat(500)}` }));
      if (turn % 500 === 499) await store.settled();
    }
    await store.settled();
  };
  await many('old', 10);
  moveMs(61_000);
  await many('new', 10);
  const kept = await store.events({ limit: 100 });
  expect(kept.events).toHaveLength(10);
  expect(kept.oldestSeq).toBe(11);
  expect(store.counts().retired).toBe(10);
  for (let round = 0; round < 4; round++) {
    moveMs(6000);
    await many(`round${String(round)}`, 1000);
  }
  const { retired, stored, bytes } = store.counts();
  expect(bytes).toBeLessThan(1_000_000);
  expect(retired).toBeGreaterThan(1000);
  const page = await store.events({ limit: 5000 });
  expect(page.events.length + retired).toBe(stored);
  expect(page.events.length).toBeGreaterThan(100);
});

slowTest(
  'beyond the bounds behaviours and workloads are counted as (other): the sum stays exact',
  async () => {
    const { store } = await open({ limits: { maxWorkloads: 2, maxBehavioursPerWorkload: 5 } });
    for (let round = 0; round < 2; round++) {
      for (let turn = 0; turn < 20; turn++) {
        store.take('logs', aLog({ Resource: `/${String(turn)}` }));
        store.take('logs', aLog({ Resource: '/x', ContainerName: `c${String(turn)}` }));
      }
      await store.settled();
    }
    const { rows } = await store.summaries({ limit: 1000 });
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(80);
    expect(
      rows.filter(({ workload }) => workload.container === 'web').map(({ target, count }) => [target, count]),
    ).toEqual([
      ['/0', 2],
      ['/1', 2],
      ['/2', 2],
      ['/3', 2],
      ['/4', 2],
      ['(other)', 30],
    ]);
    expect(rows.find(({ workload }) => workload.container === '(other)')?.count).toBe(38);
  },
);

slowTest('summaries are asked for by workload and class, page by page', async () => {
  const { store } = await open();
  for (let turn = 0; turn < 7; turn++) {
    store.take(
      'logs',
      aLog({ Operation: 'Process', ParentProcessName: '/bin/sh', ProcessName: `/bin/${String(turn)}` }),
    );
    store.take('logs', aLog({ Resource: `/f${String(turn)}`, NamespaceName: 'bank' }));
  }
  const targets: string[] = [];
  for (let after: readonly [number, number] | undefined; ;) {
    const page = await store.summaries({
      limit: 3,
      namespace: 'shop',
      class: 'process',
      ...(after === undefined ? {} : { after }),
    });
    targets.push(...page.rows.map(({ target }) => target));
    if (page.next === undefined) break;
    after = page.next;
  }
  expect(targets).toEqual(['/bin/0', '/bin/1', '/bin/2', '/bin/3', '/bin/4', '/bin/5', '/bin/6']);
  expect((await store.summaries({ limit: 10, ownerName: 'nobody' })).rows).toEqual([]);
});

slowTest('garbage and extreme values neither stop the store nor cost the events beside them', async () => {
  const { store } = await open();
  store.take('alerts', Buffer.from([0xff, 0xff, 0xff]));
  store.take(
    'alerts',
    anAlert({ Severity: '1e999', Timestamp: 9e15, UpdatedTime: '', Resource: '\u0000\u{1F956}' }),
  );
  store.take('alerts', anAlert({ Severity: '-3', Resource: "'; DROP TABLE events; --" }));
  const { events } = await store.events({ limit: 10, text: "'; DROP" });
  expect(events).toHaveLength(1);
  expect(store.counts()).toMatchObject({ stored: 2, malformed: 1, failed: 0 });
  await expect(store.events({ limit: 10, namespace: 5 as unknown as string })).resolves.toMatchObject({
    events: [],
  });
});

slowTest('a thread that dies is started again; what it had is lost and counted', async () => {
  const dir = directory();
  const { store, notices } = await open({
    path: join(dir, 'events.db'),
    entry: new URL('./dying-thread.ts', import.meta.url),
  });
  store.take('alerts', anAlert({ Resource: '/a' }));
  await store.settled();
  const question = store.events({ limit: 1, text: 'die now' });
  await expect(question).rejects.toMatchObject({ code: 'KA_STORE_DOWN' });
  await expect(store.events({ limit: 1 })).rejects.toMatchObject({ code: 'KA_STORE_DOWN' });
  expect(store.take('alerts', anAlert({ Resource: '/b' }))).toBe(2);
  while (!store.isUp) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await store.events({ limit: 5 })).events.map(({ seq }) => seq)).toEqual([2, 1]);
  expect(store.counts()).toMatchObject({ taken: 2, threadStarts: 2, lost: 0 });
  expect(notices).toEqual([expect.stringContaining('is started again')]);
});

slowTest('a store that cannot be opened says so at start', async () => {
  await expect(open({ path: join(directory(), 'no/such/dir/events.db') })).rejects.toMatchObject({
    code: 'KA_STORE_FAILED',
    message: expect.stringContaining('events.db: unable to open database file'),
  });
});
