import { FakeApiServer } from '@kubearmor-ts/fake-apiserver';
import { FakeClock } from '@kubearmor-ts/life';
import type { Clock } from '@kubearmor-ts/life';
import { KubeClient, LeaderElector } from './index.ts';
import type { KubeTransport, Term } from './index.ts';

/** A process of its own: its clock runs as it likes, its connection breaks alone. */
function candidate(server: FakeApiServer, identity: string, startNs?: bigint) {
  const fake = new FakeClock(startNs);
  const frozen = { ms: 0 };
  const clock: Clock = {
    wallNs: () => fake.wallNs(),
    nowMs: () => fake.nowMs() + frozen.ms,
    sleep: (ms, signal) => fake.sleep(ms, signal),
  };
  const wire = { isCut: false };
  const transport: KubeTransport = {
    send: (request) => (wire.isCut ? Promise.reject(new Error('cut')) : server.send(request)),
    close: () => undefined,
  };
  const client = new KubeClient({ transport, clock, userAgent: identity });
  const terms: Term[] = [];
  const lost: Term[] = [];
  const elector = new LeaderElector({
    client,
    namespace: 'kubearmor',
    name: 'operator',
    identity,
    clock,
    random: () => 0.5,
    onElected: (term) => terms.push(term),
    onLost: (term) => lost.push(term),
  });
  const end = new AbortController();
  return { clock: fake, frozen, wire, terms, lost, elector, end, start: () => elector.start(end.signal) };
}

type Candidate = ReturnType<typeof candidate>;

async function pass(ms: number, ...all: readonly Candidate[]): Promise<void> {
  const stepMs = 500;
  for (let waited = 0; waited < ms; waited += stepMs)
    for (const { clock } of all) {
      await new Promise(setImmediate);
      await clock.advance(stepMs);
      await new Promise(setImmediate);
    }
}

async function two(skewNs = 0n): Promise<readonly [FakeApiServer, Candidate, Candidate]> {
  const server = new FakeApiServer();
  const a = candidate(server, 'a');
  const b = candidate(server, 'b', 1_700_000_000_000_000_000n + skewNs);
  await a.start();
  await pass(500, a);
  await b.start();
  await pass(5000, a, b);
  expect([a.elector.isLeading, b.elector.isLeading]).toEqual([true, false]);
  return [server, a, b];
}

async function end(...all: readonly Candidate[]): Promise<void> {
  for (const one of all) {
    one.end.abort();
    await pass(500, one);
    await one.elector.stop();
  }
}

test.each([
  ['an hour ahead', 3_600_000_000_000n],
  ['an hour behind', -3_600_000_000_000n],
])('a standby whose clock is %s does not take over from a leader that renews', async (_, skewNs) => {
  const [, a, b] = await two(skewNs);
  await pass(60_000, a, b);
  expect([a.elector.isLeading, b.elector.isLeading]).toEqual([true, false]);
  expect(a.terms).toHaveLength(1);
  expect(b.elector.holder).toBe('a');
  await end(a, b);
});

test('a leader that is cut off gives up before the standby takes over, with a higher term', async () => {
  const [, a, b] = await two();
  a.wire.isCut = true;
  for (let waited = 0; waited < 30_000; waited += 500) {
    await pass(500, a, b);
    expect(a.elector.isLeading && b.elector.isLeading).toBe(false);
    if (b.elector.isLeading) break;
  }
  expect(b.elector.isLeading).toBe(true);
  expect(a.lost).toEqual(a.terms);
  expect(a.terms[0]!.signal.aborted).toBe(true);
  expect(b.terms[0]!.number).toBeGreaterThan(a.terms[0]!.number);
  await end(a, b);
});

test('a frozen leader is no leader when it wakes, before it has asked anybody', async () => {
  const [, a, b] = await two();
  await pass(20_000, b);
  expect(b.elector.isLeading).toBe(true);
  expect(a.terms[0]!.isCurrent()).toBe(true);
  a.frozen.ms = 20_000;
  expect(a.terms[0]!.isCurrent()).toBe(false);
  await pass(2000, a, b);
  expect([a.elector.isLeading, b.elector.isLeading]).toEqual([false, true]);
  await end(a, b);
});

test('a leader that stops hands over without the lease running out', async () => {
  const [server, a, b] = await two();
  await end(a);
  expect(server.table.get('coordination.k8s.io/leases', 'kubearmor/operator')?.['spec']).toMatchObject({
    holderIdentity: '',
  });
  await pass(3000, b);
  expect(b.elector.isLeading).toBe(true);
  await end(b);
});

test('of two that claim a free lease at the same moment one leads', async () => {
  const server = new FakeApiServer();
  const all = [candidate(server, 'a'), candidate(server, 'b')] as const;
  await Promise.all(all.map((one) => one.start()));
  await pass(3000, ...all);
  expect(all.filter(({ elector }) => elector.isLeading)).toHaveLength(1);
  await end(...all);
});

test('short outages and lost answers do not cost the leadership', async () => {
  const [server, a, b] = await two();
  server.fail('write', { kind: 'status', status: 500 });
  server.fail('write', { kind: 'lose-answer' });
  server.fail('write', { kind: 'status', status: 429, retryAfterSeconds: 1 });
  await pass(20_000, a, b);
  expect(a.elector.isLeading).toBe(true);
  expect(a.terms).toHaveLength(1);
  await end(a, b);
});

test('a lease that was deleted is made again and leads to one leader', async () => {
  const [server, a, b] = await two();
  server.table.remove('coordination.k8s.io/leases', 'kubearmor/operator');
  await pass(10_000, a, b);
  expect([a.elector.isLeading, b.elector.isLeading].filter(Boolean)).toHaveLength(1);
  await end(a, b);
});

test('times that allow two leaders are refused', () => {
  const clock = new FakeClock();
  const client = new KubeClient({
    transport: { send: () => Promise.reject(new Error('unused')), close: () => undefined },
    clock,
    userAgent: 'test',
  });
  expect(
    () =>
      new LeaderElector({
        client,
        namespace: 'n',
        name: 'l',
        identity: 'a',
        clock,
        random: () => 0,
        times: { renewDeadlineMs: 15_000 },
        onElected: () => undefined,
      }),
  ).toThrow('retry < renew deadline < lease');
});
