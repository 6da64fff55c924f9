import { FakeApiServer } from '@kubearmor-ts/fake-apiserver';
import { FakeClock } from '@kubearmor-ts/life';
import { Metrics } from '@kubearmor-ts/telemetry';
import { KubeClient, Reflector, Store, addReflectorMetrics } from './index.ts';
import type { KubeFault, KubeObject, KubeTransport } from './index.ts';

const pods = { group: '', version: 'v1', plural: 'pods', kind: 'Pod' };

async function watchPods(
  prepare: (server: FakeApiServer) => void = () => undefined,
  wishes: { readonly fieldSelector?: string; readonly metadataOnly?: boolean } = {},
) {
  const server = new FakeApiServer();
  const clock = new FakeClock();
  const transport: KubeTransport = { send: (request) => server.send(request), close: () => undefined };
  const client = new KubeClient({ transport, clock, userAgent: 'test' });
  const store = new Store<KubeObject>({ transform: (object) => object });
  const faults: KubeFault[] = [];
  const reflector = new Reflector({
    client,
    resource: pods,
    store,
    clock,
    random: () => 0.5,
    onFault: (fault) => faults.push(fault),
    ...wishes,
  });
  prepare(server);
  const end = new AbortController();
  await reflector.start(end.signal);
  await settle();
  const stop = async (): Promise<void> => {
    end.abort();
    await reflector.stop();
  };
  return { server, clock, store, reflector, faults, stop };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const put = (server: FakeApiServer, name: string, nodeName = 'n1'): void =>
  void server.table.put('pods', `shop/${name}`, {
    metadata: { name, namespace: 'shop' },
    spec: { nodeName },
  });
const names = (store: Store<KubeObject>): string[] =>
  [...store.values()].map(({ metadata }) => metadata.name).sort();

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let waited = 0; waited < ms; waited += 1000) {
    await clock.advance(1000);
    await settle();
  }
}

test('a thousand and one objects come in three pages, and a watch that asks for bookmarks follows', async () => {
  const { server, store, reflector, stop } = await watchPods((made) => {
    for (let at = 0; at < 1001; at++) put(made, `p${at}`);
  });
  expect(store.size).toBe(1001);
  expect(reflector.hasSynced).toBe(true);
  expect(server.requests.map(({ target, query }) => [target, query['limit']])).toEqual([
    ['list', '500'],
    ['list', '500'],
    ['list', '500'],
    ['watch', undefined],
  ]);
  expect(server.requests[0]!.query['resourceVersion']).toBe('0');
  expect(server.requests[3]!.query).toMatchObject({ allowWatchBookmarks: 'true', timeoutSeconds: '290' });
  await stop();
});

test('only pods of the own node are asked for, and one that moves away is removed', async () => {
  const { server, store, stop } = await watchPods(
    (made) => {
      put(made, 'mine');
      put(made, 'other', 'n2');
    },
    { fieldSelector: 'spec.nodeName=n1' },
  );
  expect(names(store)).toEqual(['mine']);
  put(server, 'mine', 'n2');
  await settle();
  expect(names(store)).toEqual([]);
  await stop();
});

test('of owners only the metadata is asked for', async () => {
  const { server, stop } = await watchPods(undefined, { metadataOnly: true });
  expect(server.requests.map(({ accept }) => accept)).toEqual([
    'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
    'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  ]);
  await stop();
});

test('an API server that is down for ten minutes leaves the store as it was, and is asked ever more rarely', async () => {
  const { server, clock, store, reflector, faults, stop } = await watchPods((made) => put(made, 'a'));
  for (let at = 0; at < 100; at++) server.fail('watch', { kind: 'refuse' });
  server.endWatches('broken');
  await pass(clock, 600_000);
  expect(names(store)).toEqual(['a']);
  expect(reflector.problem?.code).toBe('KA_KUBE_UNREACHABLE');
  expect(faults.length).toBeLessThan(45);
  server.clearFaults();
  put(server, 'b');
  await pass(clock, 31_000);
  expect(names(store)).toEqual(['a', 'b']);
  expect(server.requests.filter(({ target }) => target === 'list')).toHaveLength(1);
  await pass(clock, 95_000);
  await stop();
});

test('a half-open watch is found by its silence and taken up where it was, without a list', async () => {
  const { server, clock, store, reflector, stop } = await watchPods((made) =>
    made.fail('watch', { kind: 'silent', afterLines: 1 }),
  );
  put(server, 'heard');
  put(server, 'missed');
  await settle();
  expect(names(store)).toEqual(['heard']);
  await pass(clock, 91_000);
  expect(names(store)).toEqual(['heard', 'missed']);
  expect(reflector.counts).toMatchObject({ idle: 1, lists: 1, watches: 2 });
  await stop();
});

test('a watch on a quiet resource is kept alive by bookmarks and survives a compaction', async () => {
  const { server, clock, reflector, stop } = await watchPods();
  for (let minute = 0; minute < 5; minute++) {
    await pass(clock, 60_000);
    server.table.put('secrets', 'x/y', { metadata: { name: 'y', namespace: 'x' }, minute });
    server.bookmark();
    await settle();
  }
  server.compact();
  server.endWatches('ended');
  await settle();
  expect(reflector.counts).toMatchObject({ lists: 1, watches: 2, bookmarks: 5, idle: 0 });
  expect(reflector.phase).toBe('watching');
  await stop();
});

test('after 410 the list is read again and the difference is told', async () => {
  const { server, clock, store, stop } = await watchPods((made) => {
    put(made, 'stays');
    put(made, 'goes');
  });
  const told: string[] = [];
  store.onChange(({ type, key }) => told.push(`${type} ${key}`));
  await pass(clock, 2000);
  server.endWatches('silent');
  server.table.remove('pods', 'shop/goes');
  put(server, 'comes');
  server.compact();
  await pass(clock, 91_000);
  expect(told).toEqual(['removed shop/goes', 'added shop/comes']);
  expect(server.requests.at(-2)).toMatchObject({ target: 'list', query: { limit: '500' } });
  expect(server.requests.at(-2)!.query['resourceVersion']).toBeUndefined();
  await stop();
});

test('what vanished while its list expired between two pages is not kept', async () => {
  const { clock, store, reflector, stop } = await watchPods((made) => {
    for (let at = 0; at < 501; at++) put(made, `p${at}`);
    const send = made.send.bind(made);
    made.send = (request) => {
      if (request.query?.['continue'] !== undefined && made.table.get('pods', 'shop/p0') !== undefined) {
        made.table.remove('pods', 'shop/p0');
        made.compact();
      }
      return send(request);
    };
  });
  expect(reflector.problem?.code).toBe('KA_KUBE_GONE');
  await pass(clock, 2000);
  expect(reflector.hasSynced).toBe(true);
  expect(store.size).toBe(500);
  expect(names(store)).not.toContain('p0');
  await stop();
});

test("a server's Retry-After is kept", async () => {
  const { server, clock, reflector, stop } = await watchPods((made) =>
    made.fail('list', { kind: 'status', status: 429, retryAfterSeconds: 20 }),
  );
  await pass(clock, 19_000);
  expect(server.requests).toHaveLength(1);
  expect(reflector.problem).toMatchObject({ code: 'KA_KUBE_TOO_MANY', retryAfterMs: 20_000 });
  await pass(clock, 7000);
  expect(reflector.hasSynced).toBe(true);
  await stop();
});

test('an object that the transform throws at is counted and does not end the watch', () => {
  const store = new Store<string>({
    transform: ({ metadata }) => {
      if (metadata.name === 'bad') throw new Error('unforeseen');
      return metadata.name;
    },
  });
  for (const name of ['a', 'bad', 'b']) store.put({ metadata: { name } });
  expect([[...store.values()], store.failures]).toEqual([['a', 'b'], 1]);
});

test('an object made again under its name while nobody looked is told as removed and added', () => {
  const store = new Store<KubeObject>({ transform: (object) => object });
  const told: string[] = [];
  store.onChange(({ type }) => told.push(type));
  store.put({ metadata: { name: 'a', uid: '1', resourceVersion: '1' } });
  store.put({ metadata: { name: 'a', uid: '1', resourceVersion: '1' } });
  store.put({ metadata: { name: 'a', uid: '2', resourceVersion: '2' } });
  expect(told).toEqual(['added', 'removed', 'added']);
});

test('every transition and fault is a metric', async () => {
  const { clock, store, reflector, stop } = await watchPods((made) =>
    made.fail('list', { kind: 'status', status: 503 }),
  );
  await pass(clock, 2000);
  const metrics = new Metrics();
  addReflectorMetrics(metrics, 'ka_agent', [{ label: 'pods', reflector, store }], clock);
  expect(metrics.render()).toContain('ka_agent_kube_faults_total{resource="pods",code="KA_KUBE_SERVER"} 1');
  expect(metrics.render()).toContain(
    'ka_agent_kube_transitions_total{resource="pods",transition="listing-paused"} 1',
  );
  await stop();
});
