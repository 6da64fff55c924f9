import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeEnforcer } from '@kubearmor-ts/fake-enforcer';
import { createRealClock, ServiceTree } from '@kubearmor-ts/life';
import { findKubernetes, startRealApiServer } from '@kubearmor-ts/real-apiserver';
import type { Answer, RealApiServer } from '@kubearmor-ts/real-apiserver';
import { createLogger } from '@kubearmor-ts/telemetry';
import { until } from '@kubearmor-ts/until';
import { parse } from 'yaml';
import { createAgent } from './app.ts';
import type { Agent } from './app.ts';
import { loadConfig } from './load-config.ts';

const kubernetes = await findKubernetes();
const because = 'missing' in kubernetes ? ` (skipped: ${kubernetes.missing})` : '';
const onServer = 'missing' in kubernetes ? test.skip : test;

let server: RealApiServer;
beforeAll(async () => {
  if ('missing' in kubernetes) return;
  server = await startRealApiServer({ directory: kubernetes.directory, users: [{ name: 'agent' }] });
  for (const plural of [
    'kubearmorpolicies',
    'kubearmorclusterpolicies',
    'kubearmorhostpolicies',
    'kubearmornetworkpolicies',
  ])
    await installCrd(plural);
  await grantAgent();
  await must('POST', '/api/v1/namespaces', { metadata: { name: 'shop' } });
  await must('POST', '/api/v1/nodes', { metadata: { name: 'node-1', labels: { zone: 'a' } } });
  await must('POST', '/api/v1/namespaces/shop/pods', {
    metadata: { name: 'shop-1', labels: { app: 'shop' } },
    spec: { nodeName: 'node-1', containers: [{ name: 'web', image: 'registry.test/web:1' }] },
  });
}, 300_000);
afterAll(() => server?.stop());

async function installCrd(plural: string): Promise<void> {
  const file = join(import.meta.dirname, `../../../libs/contract/crd/schemas/${plural}.yaml`);
  await must(
    'POST',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    parse(await readFile(file, 'utf8')),
  );
  await until(async () => (await server.ask({ path: `${policies}/${plural}` })).status === 200);
}

/** All that an agent may do in a cluster: nothing here writes. */
async function grantAgent(): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const verbs = ['list', 'watch'];
  const resources = ['policies', 'clusterpolicies', 'hostpolicies', 'networkpolicies'];
  await must('POST', `${rbac}/clusterroles`, {
    metadata: { name: 'agent' },
    rules: [
      { apiGroups: [''], resources: ['namespaces', 'nodes', 'pods'], verbs },
      {
        apiGroups: ['security.kubearmor.com'],
        resources: resources.map((kind) => `kubearmor${kind}`),
        verbs,
      },
    ],
  });
  await must('POST', `${rbac}/clusterrolebindings`, {
    metadata: { name: 'agent' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'agent' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'agent' }],
  });
}

async function must(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Answer> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const answer = await server.ask({ method, path, body, contentType });
  if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer)}`);
  return answer;
}

const policies = '/apis/security.kubearmor.com/v1';
const pod = '/api/v1/namespaces/shop/pods/shop-1';
const block = { file: { matchPaths: [{ path: '/secret' }] }, action: 'Block' };
const written: string[] = [];
const write = async (path: string, name: string, spec: object): Promise<void> => {
  await must('POST', path, { ...kindOf(path), metadata: { name }, spec });
  written.push(`${path}/${name}`);
};
const kindOf = (path: string) => ({
  apiVersion: 'security.kubearmor.com/v1',
  kind: {
    kubearmorpolicies: 'KubeArmorPolicy',
    kubearmorclusterpolicies: 'KubeArmorClusterPolicy',
    kubearmorhostpolicies: 'KubeArmorHostPolicy',
  }[path.split('/').at(-1) ?? ''],
});
const inShop = `${policies}/namespaces/shop/kubearmorpolicies`;

let root = '';
let fake: FakeEnforcer;
const running: ServiceTree[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ka-agent-cluster-'));
  await mkdir(join(root, 'runc/web'), { recursive: true });
  const labels = [
    'io.kubernetes.pod.namespace=shop',
    'io.kubernetes.pod.name=shop-1',
    'io.kubernetes.container.name=web',
  ];
  await writeFile(
    join(root, 'runc/web/state.json'),
    JSON.stringify({
      init_process_pid: 1,
      config: { labels: [...labels, 'app=shop'] },
      cgroup_paths: { '': '/sys/fs/cgroup/web' },
    }),
  );
  fake = new FakeEnforcer();
});
afterEach(async () => {
  for (const tree of running.splice(0)) await tree.stop();
  for (const path of written.splice(0)) await server.ask({ method: 'DELETE', path });
  await rm(root, { recursive: true, force: true });
});

async function startAgent(): Promise<{ readonly agent: Agent; readonly started: Promise<void> }> {
  const loaded = await loadConfig(
    [
      ...['--gRPC', '0', '--gRPCHost', '127.0.0.1', '--gRPCHealthPort', '0', '--metricsPort', '0'],
      ...['--policy-dir', join(root, 'policies'), '--criSocket', 'none', '--runcRoots', join(root, 'runc')],
      ...['--enableKubeArmorHostPolicy', '--k8s', '--nodeName', 'node-1'],
      ...['--kubeconfig', server.kubeconfig('agent')],
    ],
    {},
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  const agent = createAgent({
    config: loaded.value.config,
    logger: createLogger({ app: 'test', level: 'fatal' }),
    clock: createRealClock(),
    version: 'v0.0.0',
    spawnEnforcer: fake.spawn,
  });
  const tree = new ServiceTree('agent', agent.services);
  running.push(tree);
  return { agent, started: tree.start(new AbortController().signal) };
}

const isReady = (agent: Agent): boolean => agent.readyChecks().every((check) => check.isReady);
async function readyAgent(): Promise<Agent> {
  const { agent, started } = await startAgent();
  await started;
  await until(() => isReady(agent));
  return agent;
}

const web = () => [...fake.workloads].find(([, { key }]) => key.endsWith('/web'))?.[1];
const hasRules = (): boolean => (web()?.contentHash ?? 0n) !== 0n;
const hostHasRules = (): boolean => (fake.workloads.get(0)?.contentHash ?? 0n) !== 0n;

onServer(
  `a policy of the API server is in the kernel while it exists, with no right but to look${because}`,
  async () => {
    await readyAgent();
    await write(inShop, 'guard', { selector: { matchLabels: { app: 'shop' } }, ...block });
    await until(hasRules);
    const first = web()?.contentHash;
    await must('PATCH', `${inShop}/guard`, { spec: { file: { matchPaths: [{ path: '/other' }] } } });
    await until(() => hasRules() && web()?.contentHash !== first);
    await must('DELETE', `${inShop}/guard`);
    await until(() => !hasRules());
  },
  60_000,
);

onServer(
  `labels and annotations of a running pod decide at once, whatever its runtime remembers${because}`,
  async () => {
    await readyAgent();
    await write(inShop, 'guard', { selector: { matchLabels: { tier: 'front' } }, ...block });
    await must('PATCH', pod, { metadata: { labels: { tier: 'front' } } });
    await until(hasRules);
    await must('PATCH', pod, { metadata: { annotations: { 'kubearmor-policy': 'disabled' } } });
    await until(() => !hasRules());
    await must('PATCH', pod, { metadata: { annotations: { 'kubearmor-policy': null } } });
    await until(hasRules);
    await must('PATCH', pod, { metadata: { labels: { tier: null } } });
    await until(() => !hasRules());
  },
  60_000,
);

onServer(
  `a cluster policy reaches the namespaces it names, and a namespace's posture its containers${because}`,
  async () => {
    await readyAgent();
    await write(`${policies}/kubearmorclusterpolicies`, 'everywhere', {
      selector: { matchExpressions: [{ key: 'namespace', operator: 'In', values: ['shop'] }] },
      file: { matchPaths: [{ path: '/bin/app' }] },
      action: 'Allow',
    });
    await until(hasRules);
    const audited = web()?.contentHash;
    await must('PATCH', '/api/v1/namespaces/shop', {
      metadata: { annotations: { 'kubearmor-file-posture': 'block' } },
    });
    await until(() => hasRules() && web()?.contentHash !== audited);
    await must('PATCH', '/api/v1/namespaces/shop', {
      metadata: { annotations: { 'kubearmor-file-posture': null } },
    });
    await until(() => web()?.contentHash === audited);
  },
  60_000,
);

onServer(
  `a host policy follows the labels of the node${because}`,
  async () => {
    await readyAgent();
    await write(`${policies}/kubearmorhostpolicies`, 'zone-b', {
      nodeSelector: { matchLabels: { zone: 'b' } },
      ...block,
    });
    await must('PATCH', '/api/v1/nodes/node-1', { metadata: { labels: { zone: 'b' } } });
    await until(hostHasRules);
    await must('PATCH', '/api/v1/nodes/node-1', { metadata: { labels: { zone: 'a' } } });
    await until(() => !hostHasRules());
  },
  60_000,
);

onServer(
  `an API server that is away takes no rule away, from an agent that runs or from one that starts${because}`,
  async () => {
    await write(inShop, 'guard', { selector: { matchLabels: { app: 'shop' } }, ...block });
    const agent = await readyAgent();
    await until(hasRules);
    const { contentHash, revision } = web()!;
    await server.killApiServer();
    await running.pop()?.stop();
    const next = await startAgent();
    await until(() =>
      next.agent
        .readyChecks()
        .some(({ name, reason }) => name === 'cluster' && /ECONNREFUSED/.test(reason ?? '')),
    );
    expect(web()).toMatchObject({ contentHash, revision });
    expect(isReady(next.agent)).toBe(false);
    await server.startApiServer();
    await next.started;
    await until(() => isReady(next.agent));
    expect(web()).toMatchObject({ contentHash, revision });
    await write(inShop, 'second', {
      selector: { matchLabels: { app: 'shop' } },
      file: { matchPaths: [{ path: '/b' }] },
    });
    await until(() => hasRules() && web()?.contentHash !== contentHash);
    expect(agent).not.toBe(next.agent);
  },
  180_000,
);
