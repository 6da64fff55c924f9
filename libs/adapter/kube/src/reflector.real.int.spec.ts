import { findKubernetes, startRealApiServer } from '@kubearmor-ts/real-apiserver';
import type { RealApiServer } from '@kubearmor-ts/real-apiserver';
import { createRealClock } from '@kubearmor-ts/life';
import { until } from '@kubearmor-ts/until';
import { KubeClient, Reflector, Store, connectKube, createNodeTransport } from './index.ts';
import type { Change, KubeFault, KubeObject, KubeTransport, ReflectorOptions } from './index.ts';

const kubernetes = await findKubernetes();
const because = 'missing' in kubernetes ? ` (skipped: ${kubernetes.missing})` : '';
const onServer = 'missing' in kubernetes ? test.skip : test;

const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };
/** The server below keeps no watch cache of secrets: their watches and pages come from etcd's own history. */
const secrets = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret' };
const clock = createRealClock();

let server: RealApiServer;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  if ('missing' in kubernetes) return;
  server = await startRealApiServer({
    directory: kubernetes.directory,
    flags: ['--watch-cache-sizes=secrets#0'],
    users: [{ name: 'nobody' }],
  });
}, 300_000);
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => server?.stop());

let namespaces = 0;
async function newNamespace(): Promise<string> {
  const name = `reflector-${String((namespaces += 1))}`;
  await must({ path: '/api/v1/namespaces', body: { metadata: { name } } });
  return name;
}

async function must(question: Parameters<RealApiServer['ask']>[0]): Promise<unknown> {
  const { status, body } = await server.ask(question);
  if (status >= 300) throw new Error(`${question.path}: ${String(status)} ${JSON.stringify(body)}`);
  return body;
}

const put = (plural: string, namespace: string, name: string, data?: Record<string, string>) =>
  must({ path: `/api/v1/namespaces/${namespace}/${plural}`, body: { metadata: { name }, data } });
const drop = (plural: string, namespace: string, name: string) =>
  must({ path: `/api/v1/namespaces/${namespace}/${plural}/${name}`, method: 'DELETE' });

/** A network that can be cut: what is under way breaks, and nothing new gets through. */
function cuttable(inner: KubeTransport) {
  let line = new AbortController();
  let isOpen = true;
  const transport: KubeTransport = {
    send(request) {
      if (!isOpen) return Promise.reject(new Error('the line is cut'));
      return inner.send({ ...request, signal: AbortSignal.any([request.signal, line.signal]) });
    },
    close: () => inner.close(),
  };
  return {
    transport,
    cut(): void {
      isOpen = false;
      line.abort();
    },
    mend(): void {
      line = new AbortController();
      isOpen = true;
    },
  };
}

interface WatchWishes extends Partial<
  Pick<ReflectorOptions<KubeObject>, 'from' | 'limits' | 'metadataOnly' | 'resource'>
> {
  readonly user?: string;
  /** Something between the client and the wire. */
  readonly around?: (inner: KubeTransport) => KubeTransport;
}

async function watch(namespace: string, wishes: WatchWishes = {}) {
  const { user, around = (inner: KubeTransport) => inner, resource = configMaps, limits, ...rest } = wishes;
  const endpoint = await connectKube({ kubeconfig: server.kubeconfig(user), clock });
  const line = cuttable(around(createNodeTransport(endpoint)));
  const client = new KubeClient({ transport: line.transport, clock, userAgent: 'kubearmor-ts/test' });
  const store = new Store<KubeObject>({ transform: (object) => object });
  const changes: Change<KubeObject>[] = [];
  store.onChange((change) => changes.push(change));
  const faults: KubeFault[] = [];
  const reflector = new Reflector({
    client,
    resource,
    namespace,
    store,
    clock,
    random: Math.random,
    limits: { firstPauseMs: 50, maxPauseMs: 500, ...limits },
    onFault: (fault) => faults.push(fault),
    ...rest,
  });
  const end = new AbortController();
  cleanups.push(async () => {
    end.abort();
    await reflector.stop();
    line.transport.close();
  });
  await reflector.start(end.signal);
  const names = (): string[] =>
    [...store.values()]
      .map(({ metadata }) => metadata.name)
      .filter((name) => name !== 'kube-root-ca.crt')
      .sort();
  return { store, reflector, changes, faults, names, ...line };
}

onServer(
  `pages of a list, then every change, make the store equal to the server${because}`,
  async () => {
    const namespace = await newNamespace();
    const wanted = Array.from({ length: 25 }, (_, at) => `s${String(at).padStart(2, '0')}`);
    for (const name of wanted) await put('secrets', namespace, name);
    const { reflector, store, names } = await watch(namespace, {
      resource: secrets,
      from: 'newest',
      limits: { pageSize: 10 },
    });
    await reflector.synced;
    expect(names()).toEqual(wanted);
    expect(reflector.counts.pages).toBe(3);
    await drop('secrets', namespace, 's07');
    await put('secrets', namespace, 'later');
    await until(() => !names().includes('s07') && names().includes('later'));
    expect(store.size).toBe(25);
    expect(reflector.counts.lists).toBe(1);
  },
  60_000,
);

onServer(
  `metadata alone is asked for and given where that is enough${because}`,
  async () => {
    const namespace = await newNamespace();
    await put('configmaps', namespace, 'big', { a: 'x'.repeat(1000) });
    const { reflector, store } = await watch(namespace, { metadataOnly: true });
    await reflector.synced;
    await put('configmaps', namespace, 'another', { a: 'y' });
    await until(() => store.size === 2);
    for (const object of store.values()) expect(object).not.toHaveProperty('data');
  },
  60_000,
);

onServer(
  `bookmarks keep a quiet watch fresh: its next one goes on without a list${because}`,
  async () => {
    const namespace = await newNamespace();
    const { reflector, names } = await watch(namespace, { limits: { watchSeconds: 5 } });
    await reflector.synced;
    // Elsewhere the history goes on.
    const busy = await newNamespace();
    for (let at = 0; at < 5; at += 1) await put('configmaps', busy, `other-${String(at)}`);
    await until(() => reflector.counts.bookmarks > 0 && reflector.counts.watches > 1);
    await put('configmaps', namespace, 'after');
    await until(() => names().includes('after'));
    expect(reflector.counts.lists).toBe(1);
    expect(reflector.counts.faults.size).toBe(0);
  },
  60_000,
);

onServer(
  `history that etcd has compacted away is made up for by a list, and what changed meanwhile is told${because}`,
  async () => {
    const namespace = await newNamespace();
    for (const name of ['stays', 'goes', 'comes-back']) await put('secrets', namespace, name);
    const watched = await watch(namespace, { resource: secrets });
    await watched.reflector.synced;
    watched.changes.length = 0;
    watched.cut();
    await drop('secrets', namespace, 'goes');
    await drop('secrets', namespace, 'comes-back');
    await put('secrets', namespace, 'comes-back');
    await put('secrets', namespace, 'new');
    await server.compact();
    watched.mend();
    await until(() => watched.reflector.counts.lists === 2);
    expect(watched.names()).toEqual(['comes-back', 'new', 'stays']);
    expect(watched.reflector.counts.faults.get('KA_KUBE_GONE')).toBe(1);
    const told = watched.changes.map(({ type, key }) => `${type} ${key.split('/')[1] ?? ''}`);
    expect(told.sort()).toEqual(['added comes-back', 'added new', 'removed comes-back', 'removed goes']);
    await until(() => watched.reflector.problem === undefined);
  },
  60_000,
);

onServer(
  `a list whose pages expire half way is read anew and whole${because}`,
  async () => {
    const namespace = await newNamespace();
    for (let at = 0; at < 6; at += 1) await put('secrets', namespace, `s${String(at)}`);
    let compactions = 0;
    const { reflector, names } = await watch(namespace, {
      resource: secrets,
      from: 'newest',
      limits: { pageSize: 2 },
      around: (inner) => ({
        async send(request) {
          if (request.query?.['continue'] !== undefined && compactions === 0) {
            compactions += 1;
            await put('secrets', namespace, 'between');
            await server.compact();
          }
          return inner.send(request);
        },
        close: () => inner.close(),
      }),
    });
    await reflector.synced;
    expect(names()).toEqual(['between', 's0', 's1', 's2', 's3', 's4', 's5']);
    expect(reflector.counts.faults.get('KA_KUBE_GONE')).toBe(1);
  },
  60_000,
);

onServer(
  `an API server that was killed and started again is followed on, with what changed in between${because}`,
  async () => {
    const namespace = await newNamespace();
    await put('configmaps', namespace, 'before');
    const near = await watch(namespace);
    const far = await watch(namespace);
    await Promise.all([near.reflector.synced, far.reflector.synced]);
    far.cut();
    await server.killApiServer();
    await until(() => near.reflector.problem?.code === 'KA_KUBE_UNREACHABLE');
    await server.startApiServer();
    await put('configmaps', namespace, 'after');
    await drop('configmaps', namespace, 'before');
    await until(() => near.names().join() === 'after' && near.reflector.problem === undefined);
    // Its resourceVersion is from before the new server's memory begins.
    far.mend();
    await until(() => far.names().join() === 'after' && far.reflector.problem === undefined);
  },
  120_000,
);

onServer(
  `a restart of etcd under the API server loses nothing${because}`,
  async () => {
    const namespace = await newNamespace();
    await put('configmaps', namespace, 'before');
    const cached = await watch(namespace);
    const uncached = await watch(namespace, { resource: secrets });
    await Promise.all([cached.reflector.synced, uncached.reflector.synced]);
    await server.killEtcd();
    await server.startEtcd();
    const isWritten = (plural: string) => async (): Promise<boolean> =>
      put(plural, namespace, 'after').then(
        () => true,
        (refusal: unknown) => String(refusal).includes('AlreadyExists'),
      );
    await until(isWritten('configmaps'));
    await until(isWritten('secrets'));
    await until(() => cached.names().join() === 'after,before' && uncached.names().join() === 'after');
  },
  120_000,
);

onServer(
  `a server that holds the connection and says nothing is noticed, and followed on when it speaks${because}`,
  async () => {
    const namespace = await newNamespace();
    const { reflector, names } = await watch(namespace, { limits: { idleMs: 2000, watchSeconds: 290 } });
    await reflector.synced;
    server.freezeApiServer();
    await until(() => reflector.counts.idle > 1);
    server.thawApiServer();
    await put('configmaps', namespace, 'after');
    await until(() => names().includes('after'));
  },
  60_000,
);

onServer(
  `without the right to look the reflector says which, and begins as soon as it is given${because}`,
  async () => {
    const namespace = await newNamespace();
    await put('configmaps', namespace, 'there');
    const { reflector, names } = await watch(namespace, { user: 'nobody' });
    await until(() => reflector.problem !== undefined);
    expect(reflector.problem).toMatchObject({ code: 'KA_KUBE_FORBIDDEN', status: 403 });
    expect(reflector.problem?.message).toMatch(/configmaps.*User "nobody" cannot list resource "configmaps"/);
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] }];
    await must({ path: `${rbac}/roles`, body: { metadata: { name: 'look' }, rules } });
    await must({
      path: `${rbac}/rolebindings`,
      body: {
        metadata: { name: 'look' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'look' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'nobody' }],
      },
    });
    await reflector.synced;
    expect(names()).toEqual(['there']);
    await put('configmaps', namespace, 'more');
    await until(() => names().length === 2);
  },
  60_000,
);
