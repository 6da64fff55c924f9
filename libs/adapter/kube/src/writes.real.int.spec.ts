import { findKubernetes, startRealApiServer } from '@kubearmor-ts/real-apiserver';
import type { RealApiServer } from '@kubearmor-ts/real-apiserver';
import { createRealClock } from '@kubearmor-ts/life';
import { until } from '@kubearmor-ts/until';
import {
  EventRecorder,
  KubeClient,
  LeaderElector,
  connectKube,
  createApplier,
  createNodeTransport,
} from './index.ts';
import type { KubeFault, Term } from './index.ts';

const kubernetes = await findKubernetes();
const because = 'missing' in kubernetes ? ` (skipped: ${kubernetes.missing})` : '';
const onServer = 'missing' in kubernetes ? test.skip : test;

const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };
const events = { group: '', version: 'v1', plural: 'events', kind: 'Event' };
const clock = createRealClock();
const namespace = 'writes';

let server: RealApiServer;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  if ('missing' in kubernetes) return;
  server = await startRealApiServer({ directory: kubernetes.directory, users: [{ name: 'reader' }] });
  await server.ask({ path: '/api/v1/namespaces', body: { metadata: { name: namespace } } });
}, 300_000);
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => server?.stop());

async function connect(user?: string): Promise<KubeClient> {
  const transport = createNodeTransport(await connectKube({ kubeconfig: server.kubeconfig(user), clock }));
  cleanups.push(() => transport.close());
  return new KubeClient({ transport, clock, userAgent: 'kubearmor-ts/test' });
}

const { signal } = new AbortController();
const configMap = (name: string, data: Record<string, string>) => ({ metadata: { name, namespace }, data });

onServer(
  `a field that two managers want is refused with who has it, and taken over by force${because}`,
  async () => {
    const client = await connect();
    const operator = createApplier({ client, fieldManager: 'operator' });
    const user = createApplier({ client, fieldManager: 'kubectl' });
    const first = await user.apply(configMaps, configMap('shared', { posture: 'audit', mine: '1' }), {
      signal,
    });
    expect(first).toMatchObject({ ok: true, value: { isNew: true } });
    const intent = configMap('shared', { posture: 'block' });
    expect(await operator.apply(configMaps, intent, { signal })).toMatchObject({
      error: {
        code: 'KA_KUBE_APPLY_CONFLICT',
        object: 'configmaps writes/shared',
        conflicts: [{ manager: 'kubectl', field: '.data.posture' }],
      },
    });
    const forced = await operator.apply(configMaps, intent, { signal, force: true });
    expect(forced).toMatchObject({
      value: { isNew: false, object: { data: { posture: 'block', mine: '1' } } },
    });
    const back = await user.apply(configMaps, configMap('shared', { posture: 'audit', mine: '1' }), {
      signal,
    });
    expect(back).toMatchObject({ error: { conflicts: [{ manager: 'operator', field: '.data.posture' }] } });
  },
  60_000,
);

onServer(
  `the same intent again writes nothing, and a field no longer named is removed${because}`,
  async () => {
    const applier = createApplier({ client: await connect(), fieldManager: 'operator' });
    const versionOf = async (data: Record<string, string>, dryRun = false): Promise<string | undefined> => {
      const written = await applier.apply(configMaps, configMap('same', data), { signal, dryRun });
      if (!written.ok) throw new Error(written.error.message);
      expect(written.value.object['data']).toEqual(data);
      return written.value.object.metadata.resourceVersion;
    };
    const made = await versionOf({ a: '1', b: '2' });
    expect(await versionOf({ a: '1', b: '2' })).toBe(made);
    await versionOf({ a: '1', c: '3' }, true);
    expect(await versionOf({ a: '1', b: '2' })).toBe(made);
    expect(await versionOf({ a: '1' })).not.toBe(made);
  },
  60_000,
);

onServer(
  `refusals tell what, which object and why${because}`,
  async () => {
    const client = await connect();
    const call = { signal };
    const applier = createApplier({ client, fieldManager: 'operator' });
    const place = { namespace, name: 'once' };
    const made = await client.create(configMaps, { namespace }, configMap('once', { a: '1' }), call);
    if (!made.ok) throw new Error(made.error.message);
    expect(await client.create(configMaps, { namespace }, configMap('once', {}), call)).toMatchObject({
      error: { code: 'KA_KUBE_EXISTS', status: 409 },
    });
    expect((await client.replace(configMaps, place, configMap('once', { a: '2' }), call)).ok).toBe(true);
    expect(await client.replace(configMaps, place, made.value.object, call)).toMatchObject({
      error: { code: 'KA_KUBE_CONFLICT', object: 'configmaps writes/once' },
    });
    expect(await client.get(configMaps, { namespace, name: 'never' }, call)).toMatchObject({
      error: { code: 'KA_KUBE_NOT_FOUND', message: expect.stringContaining('"never" not found') },
    });
    const misspelt = { metadata: { name: 'misspelt', namespace }, dada: { a: '1' } };
    expect(await applier.apply(configMaps, misspelt, call)).toMatchObject({
      error: { code: expect.stringMatching(/INVALID|SERVER/), message: expect.stringContaining('dada') },
    });
    expect(await client.remove(configMaps, place, call)).toMatchObject({ ok: true });
  },
  60_000,
);

onServer(
  `whoever may only read is told so when writing, and a stranger is not let in at all${because}`,
  async () => {
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }];
    await server.ask({ path: `${rbac}/roles`, body: { metadata: { name: 'read' }, rules } });
    await server.ask({
      path: `${rbac}/rolebindings`,
      body: {
        metadata: { name: 'read' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'read' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'reader' }],
      },
    });
    const reader = await connect('reader');
    await until(async () => (await reader.list(configMaps, { namespace }, { signal })).ok);
    const applier = createApplier({ client: reader, fieldManager: 'agent' });
    expect(await applier.apply(configMaps, configMap('mine', {}), { signal })).toMatchObject({
      error: {
        code: 'KA_KUBE_FORBIDDEN',
        message: expect.stringContaining('cannot patch resource "configmaps"'),
      },
    });
    expect(await reader.list(configMaps, { namespace: 'default' }, { signal })).toMatchObject({
      error: { code: 'KA_KUBE_FORBIDDEN', object: 'configmaps default' },
    });
    const transport = createNodeTransport({
      server: server.url,
      credentials: () =>
        Promise.resolve({ headers: { Authorization: 'Bearer wrong' }, tls: { ca: server.ca } }),
    });
    const stranger = new KubeClient({ transport, clock, userAgent: 'kubearmor-ts/test' });
    expect(await stranger.list(configMaps, {}, { signal })).toMatchObject({
      error: { code: 'KA_KUBE_UNAUTHORIZED', status: 401 },
    });
    transport.close();
  },
  60_000,
);

onServer(
  `the same happening again is one Event with a count, where kubectl looks for it${because}`,
  async () => {
    const faults: KubeFault[] = [];
    const client = await connect();
    const recorder = new EventRecorder({
      client,
      component: 'kubearmor-operator',
      namespace: 'default',
      clock,
      onFault: (fault) => faults.push(fault),
    });
    const end = new AbortController();
    await recorder.start(end.signal);
    cleanups.push(() => recorder.stop());
    cleanups.push(() => end.abort());
    const about = { apiVersion: 'v1', kind: 'ConfigMap', name: 'told', namespace };
    const node = { apiVersion: 'v1', kind: 'Node', name: 'edge-4' };
    for (let times = 0; times < 3; times += 1)
      recorder.record({ about, type: 'Warning', reason: 'ConfigInvalid', message: 'posture "no" is none' });
    recorder.record({ about: node, type: 'Normal', reason: 'AgentReady', message: 'enforcing' });
    await until(() => recorder.counts.created === 2 && recorder.counts.updated === 2);
    expect(faults).toEqual([]);
    const told = await client.list(
      events,
      { namespace },
      { signal, query: { fieldSelector: 'involvedObject.name=told' } },
    );
    expect(told).toMatchObject({
      value: { items: [{ count: 3, reason: 'ConfigInvalid', type: 'Warning', involvedObject: about }] },
    });
    const ofNode = await client.list(
      events,
      { namespace: 'default' },
      { signal, query: { fieldSelector: 'involvedObject.kind=Node' } },
    );
    expect(ofNode).toMatchObject({ value: { items: [{ reason: 'AgentReady', involvedObject: node }] } });
  },
  60_000,
);

interface Candidate {
  readonly elector: LeaderElector;
  readonly terms: Term[];
  readonly isCurrent: () => boolean;
  stop(): Promise<void>;
}

async function candidate(identity: string, name: string): Promise<Candidate> {
  const terms: Term[] = [];
  const elector = new LeaderElector({
    client: await connect(),
    namespace,
    name,
    identity,
    clock,
    random: Math.random,
    times: { leaseMs: 8000, renewDeadlineMs: 5000, retryMs: 250 },
    onElected: (term) => terms.push(term),
  });
  const end = new AbortController();
  const stop = async (): Promise<void> => {
    end.abort();
    await elector.stop();
  };
  cleanups.push(stop);
  await elector.start(end.signal);
  return { elector, terms, stop, isCurrent: () => terms.at(-1)?.isCurrent() ?? false };
}

onServer(
  `of two holders one leads, and the other follows at once when it steps down${because}`,
  async () => {
    const first = await candidate('first', 'two');
    await until(first.isCurrent);
    const second = await candidate('second', 'two');
    await until(() => second.elector.holder === 'first');
    expect(second.isCurrent()).toBe(false);
    const startMs = clock.nowMs();
    await first.stop();
    expect(first.isCurrent()).toBe(false);
    await until(second.isCurrent);
    expect(clock.nowMs() - startMs).toBeLessThan(8000);
    expect(second.terms.at(-1)!.number).toBeGreaterThan(first.terms.at(-1)!.number);
  },
  60_000,
);

onServer(
  `a leader that cannot renew gives up in time, and the API server's return makes one leader again${because}`,
  async () => {
    const both = [await candidate('first', 'outage'), await candidate('second', 'outage')];
    const leaders = (): number => both.filter(({ isCurrent }) => isCurrent()).length;
    await until(() => leaders() === 1);
    await server.killApiServer();
    await until(() => leaders() === 0);
    await server.startApiServer();
    let most = 0;
    await until(() => {
      most = Math.max(most, leaders());
      return most > 0 && both.every(({ elector }) => elector.holder !== '');
    });
    expect(most).toBe(1);
  },
  120_000,
);
