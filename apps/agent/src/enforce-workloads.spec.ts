import { ok, fail } from '@kubearmor-ts/result';
import { toWorkload } from '@kubearmor-ts/workload';
import type { ContainerFacts, Workload } from '@kubearmor-ts/workload';
import type { CodedError } from '@kubearmor-ts/result';
import { WorkloadEnforcement } from './enforce-workloads.ts';
import type { EnforcerPort, WorkloadSetting } from './enforcer-port.ts';
import { PolicyStore } from './policy-store.ts';
import { parsePolicyFile } from './read-policy-file.ts';

const postures = { file: 'audit', network: 'audit', capabilities: 'audit' } as const;

const policy = (
  name: string,
  over: { app?: string; path?: string; namespace?: string; pattern?: string; kind?: string } = {},
): string => {
  const { app = 'shop', path = '/secret', namespace, pattern, kind = 'KubeArmorPolicy' } = over;
  const selector =
    kind === 'KubeArmorHostPolicy'
      ? `nodeSelector: {matchLabels: {kubearmor.io/hostname: "*"}}`
      : `selector: {matchLabels: {app: ${app}}}`;
  const rules =
    pattern === undefined ? `matchPaths: [{path: ${path}}]` : `matchPatterns: [{pattern: "${pattern}"}]`;
  return `apiVersion: security.kubearmor.com/v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${namespace === undefined ? '' : `  namespace: ${namespace}\n`}spec:\n  ${selector}\n  file:\n    ${rules}\n  action: Block\n`;
};

const aContainer = (id: string, over: Partial<ContainerFacts> = {}): Workload =>
  toWorkload({
    engine: 'containerd',
    engineNamespace: 'default',
    id,
    labels: { app: 'shop' },
    annotations: {},
    image: 'nginx',
    cgroupsPath: `/default/${id}`,
    ...over,
  })!;

/** Keeps what a kernel would keep; any command can be made to fail. */
class Kernel implements EnforcerPort {
  readonly plans = new Set<bigint>();
  readonly workloads = new Map<number, WorkloadSetting>();
  readonly names = new Map<string, number>();
  readonly ids = new Map<bigint, number>();
  readonly log: string[] = [];
  failing: string | undefined;
  syncs = 0;

  putPlan = (plan: { contentHash: bigint }) =>
    this.#answer('putPlan', () => this.plans.add(plan.contentHash));
  setWorkload = (setting: WorkloadSetting) =>
    this.#answer('setWorkload', () => {
      if (setting.contentHash !== 0n && !this.plans.has(setting.contentHash)) throw new Error('plan unknown');
      this.workloads.set(setting.workload, setting);
    });
  dropWorkload = (workload: number) => this.#answer('dropWorkload', () => this.workloads.delete(workload));
  bindCgroupName = (workload: number, name: string) =>
    this.#answer('bindCgroupName', () => this.names.set(name, workload));
  bindCgroupId = (workload: number, id: bigint) =>
    this.#answer('bindCgroupId', () => this.ids.set(id, workload));
  synced = () => this.#answer('synced', () => (this.syncs += 1));

  of(key: string): WorkloadSetting | undefined {
    return [...this.workloads.values()].find((setting) => setting.key === key);
  }

  #answer(command: string, apply: () => unknown) {
    this.log.push(command);
    if (this.failing === command)
      return Promise.resolve(
        fail<CodedError>({ code: 'KA_TEST', reason: 'Test', message: `${command} fails` }),
      );
    apply();
    return Promise.resolve(ok(undefined));
  }
}

function aRig(options: { host?: boolean } = {}) {
  const kernel = new Kernel();
  const store = new PolicyStore();
  const errors: CodedError[] = [];
  const enforcement = new WorkloadEnforcement({
    enforcer: kernel,
    store,
    settings: {
      containers: { isEnabled: true, postures },
      host: { isEnabled: options.host ?? false, postures, labels: { 'kubearmor.io/hostname': 'node' } },
      networkEnabled: true,
      untrackedNamespaces: ['kube-system'],
    },
    maxWorkloads: 100,
    nowMs: () => 0,
    resolveCgroup: ({ pid }) => Promise.resolve(pid === undefined ? undefined : BigInt(pid * 10)),
    onError: (error) => void errors.push(error),
  });
  const write = (path: string, text: string): void =>
    void store.apply([parsePolicyFile(path, Buffer.from(text), 1n)], []);
  return { kernel, store, errors, enforcement, write };
}

test('a container is named before its rules come, and gets them in one command', async () => {
  const { kernel, enforcement, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web'));
  await enforcement.settled();
  expect(kernel.log.slice(0, 4)).toEqual(['setWorkload', 'bindCgroupName', 'putPlan', 'setWorkload']);
  expect(kernel.names.get('web')).toBe(1);
  expect(kernel.of('default/web')?.contentHash).not.toBe(0n);
});

test('a running container is bound by its cgroup as well', async () => {
  const { kernel, enforcement } = aRig();
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web', { pid: 7 }));
  await enforcement.settled();
  expect([...kernel.ids]).toEqual([[70n, 1]]);
});

test('equal containers share one compilation and one plan', async () => {
  const { kernel, enforcement, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  for (let i = 0; i < 20; i += 1) enforcement.setWorkload(aContainer(`web${i}`));
  await enforcement.settled();
  expect(enforcement.compiler.counts.compiled).toBe(1);
  expect(kernel.log.filter((command) => command === 'putPlan')).toHaveLength(1);
});

test('a policy change reaches exactly the containers it concerns, under a new revision', async () => {
  const { kernel, enforcement, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web'));
  enforcement.setWorkload(aContainer('till', { labels: { app: 'till' } }));
  await enforcement.settled();
  const before = { ...kernel.of('default/web')! };
  kernel.log.length = 0;
  write('a.yaml', policy('one', { path: '/other' }));
  await enforcement.settled();
  expect(kernel.log).toEqual(['putPlan', 'setWorkload']);
  const after = kernel.of('default/web')!;
  expect(after.revision).toBeGreaterThan(before.revision);
  expect(enforcement.history.find(after.workload, before.revision)?.plan?.rules[1]).toMatchObject({
    pattern: { path: '/secret' },
  });
  expect(enforcement.history.find(after.workload, after.revision)?.plan?.rules[1]).toMatchObject({
    pattern: { path: '/other' },
  });
});

test('a change of the message alone is told apart in alerts although the tables are equal', async () => {
  const { kernel, enforcement, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web'));
  await enforcement.settled();
  const before = kernel.of('default/web')!;
  write('a.yaml', `${policy('one')}  message: hello\n`);
  await enforcement.settled();
  const after = kernel.of('default/web')!;
  expect(after.contentHash).toBe(before.contentHash);
  expect(enforcement.history.find(after.workload, after.revision)?.plan?.rules[1]?.message).toBe('hello');
  expect(enforcement.history.find(after.workload, before.revision)?.plan?.rules[1]?.message).toBe('');
});

test('a policy that cannot be compiled is left out, named, and stops no other', async () => {
  const { kernel, enforcement, errors, write } = aRig();
  const exploding = `/${'{a,b}**{c,d}**'.repeat(12)}x`;
  write('a.yaml', policy('good'));
  write('b.yaml', policy('evil', { pattern: exploding }));
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web'));
  await enforcement.settled();
  const row = [...enforcement.status()].find(({ key }) => key === 'default/web')!;
  expect([...row.inForce!.policies.values()].map(({ id }) => id.name)).toEqual(['good']);
  expect(row.refusals).toMatchObject([{ policies: ['KubeArmorPolicy/default/evil'], kept: [] }]);
  expect(errors).toMatchObject([
    { object: expect.stringContaining('evil'), place: expect.stringMatching(/^b\.yaml:\d+/) },
  ]);
  expect(kernel.of('default/web')?.contentHash).not.toBe(0n);
});

test('an update that cannot be compiled leaves the earlier version in force', async () => {
  const { enforcement, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web'));
  await enforcement.settled();
  write('a.yaml', policy('one', { pattern: `/${'{a,b}**{c,d}**'.repeat(12)}x` }));
  await enforcement.settled();
  const row = [...enforcement.status()].find(({ key }) => key === 'default/web')!;
  expect(row.refusals).toMatchObject([{ kept: ['KubeArmorPolicy/default/one'] }]);
  expect(row.inForce!.plan.rules[1]!.pattern).toEqual({ kind: 'exact', path: '/secret' });
});

test('an enforcer that came back gets everything again; an unchanged plan keeps its revision', async () => {
  const { kernel, enforcement, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web'));
  await enforcement.settled();
  const before = { ...kernel.of('default/web')! };
  enforcement.disconnected();
  kernel.log.length = 0;
  enforcement.connected([...kernel.workloads.values()]);
  enforcement.inventoryComplete();
  await enforcement.settled();
  expect(kernel.log).toEqual(['setWorkload', 'bindCgroupName', 'synced']);
  expect(kernel.of('default/web')).toEqual(before);
});

test('after a restart of the agent numbers and revisions go on where they were', async () => {
  const first = aRig();
  first.write('a.yaml', policy('one'));
  first.enforcement.connected([]);
  for (const id of ['gone', 'web']) first.enforcement.setWorkload(aContainer(id));
  await first.enforcement.settled();
  const restored = [...first.kernel.workloads.values()];

  const { kernel, enforcement, write } = aRig();
  for (const hash of first.kernel.plans) kernel.plans.add(hash);
  write('a.yaml', policy('one'));
  enforcement.setWorkload(aContainer('web'));
  enforcement.connected(restored);
  await enforcement.settled();
  expect(kernel.of('default/web')).toEqual(first.kernel.of('default/web'));
  expect(kernel.syncs).toBe(0);
  enforcement.inventoryComplete();
  await enforcement.settled();
  expect(kernel.syncs).toBe(1);
  enforcement.setWorkload(aContainer('new'));
  await enforcement.settled();
  expect(kernel.of('default/new')!.revision).toBeGreaterThan(
    Math.max(...restored.map(({ revision }) => revision)),
  );
});

test('a command that fails is told, keeps what was in force, and is tried again', async () => {
  const { kernel, enforcement, errors, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web'));
  await enforcement.settled();
  const before = { ...kernel.of('default/web')! };
  kernel.failing = 'putPlan';
  write('a.yaml', policy('one', { path: '/other' }));
  await enforcement.settled();
  expect(kernel.of('default/web')).toEqual(before);
  expect(errors).toMatchObject([{ code: 'KA_TEST', object: 'default/web' }]);
  kernel.failing = undefined;
  enforcement.retry();
  await enforcement.settled();
  expect(kernel.of('default/web')!.contentHash).not.toBe(before.contentHash);
});

test('a removed container is dropped, and its last events are still explained', async () => {
  const { kernel, enforcement, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  const web = aContainer('web');
  enforcement.setWorkload(web);
  await enforcement.settled();
  const { workload, revision } = kernel.of('default/web')!;
  enforcement.dropWorkload(web.key);
  await enforcement.settled();
  expect(kernel.workloads.has(workload)).toBe(false);
  expect(enforcement.history.find(workload, revision)?.workload?.container).toBe('web');
});

test('the same id made again at once is not dropped', async () => {
  const { kernel, enforcement, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  const web = aContainer('web');
  enforcement.setWorkload(web);
  await enforcement.settled();
  enforcement.dropWorkload(web.key);
  enforcement.setWorkload(web);
  await enforcement.settled();
  expect(kernel.of('default/web')?.contentHash).not.toBe(0n);
});

test.each([
  ['a policy of any namespace holds for a plain container', 'any', {}, true],
  [
    'a container that plays a pod obeys policies of its namespace',
    'shop',
    { 'io.kubernetes.pod.namespace': 'shop' },
    true,
  ],
  ['and no others', 'other', { 'io.kubernetes.pod.namespace': 'shop' }, false],
  [
    'an untracked namespace gets none',
    'kube-system',
    { 'io.kubernetes.pod.namespace': 'kube-system' },
    false,
  ],
])('%s', async (_name, namespace, labels, isEnforced) => {
  const { kernel, enforcement, write } = aRig();
  write('a.yaml', policy('one', { namespace }));
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web', { labels: { app: 'shop', ...labels } }));
  await enforcement.settled();
  expect(kernel.of('default/web')?.contentHash !== 0n).toBe(isEnforced);
});

test('host policies go to workload 0, and only when they are switched on', async () => {
  for (const host of [true, false]) {
    const { kernel, enforcement, write } = aRig({ host });
    write('a.yaml', policy('hsp', { kind: 'KubeArmorHostPolicy' }));
    enforcement.connected([]);
    await enforcement.settled();
    expect(kernel.workloads.has(0)).toBe(host);
  }
});

test('a pod annotated disabled has no rules', async () => {
  const { kernel, enforcement, write } = aRig();
  write('a.yaml', policy('one'));
  enforcement.connected([]);
  enforcement.setWorkload(aContainer('web', { annotations: { 'kubearmor-policy': 'disabled' } }));
  await enforcement.settled();
  expect(kernel.of('default/web')?.contentHash).toBe(0n);
});
