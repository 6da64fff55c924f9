import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { Class, Hook, Ring, Verdict } from '@kubearmor-ts/abi';
import { createAuthority } from '@kubearmor-ts/certificates';
import { FakeEnforcer } from '@kubearmor-ts/fake-enforcer';
import { createRealClock, ServiceTree } from '@kubearmor-ts/life';
import { LogServiceClient, PolicyServiceClient, PolicyStatus, ProbeServiceClient } from '@kubearmor-ts/proto';
import type { Alert, ProbeResponse } from '@kubearmor-ts/proto';
import { createLogger } from '@kubearmor-ts/telemetry';
import { until } from '@kubearmor-ts/until';
import { createAgent } from './app.ts';
import type { Agent } from './app.ts';
import { loadConfig } from './load-config.ts';

let root = '';
let fake: FakeEnforcer;
const running: ServiceTree[] = [];
const clients: { close(): void }[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ka-agent-'));
  await mkdir(join(root, 'runc/web'), { recursive: true });
  await writeFile(
    join(root, 'runc/web/state.json'),
    JSON.stringify({
      init_process_pid: 1,
      config: { labels: ['app=shop', 'bundle=/b'] },
      cgroup_paths: { '': '/sys/fs/cgroup/web' },
    }),
  );
  fake = new FakeEnforcer();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const tree of running.splice(0)) await tree.stop();
  await rm(root, { recursive: true, force: true });
});

async function anAgent(...flags: string[]): Promise<Agent> {
  const loaded = await loadConfig(
    [
      '--gRPC',
      '0',
      '--gRPCHost',
      '127.0.0.1',
      '--gRPCHealthPort',
      '0',
      '--metricsPort',
      '0',
      '--policy-dir',
      join(root, 'policies'),
      '--criSocket',
      'none',
      '--runcRoots',
      join(root, 'runc'),
      '--host',
      'node-1',
      '--enableKubeArmorHostPolicy',
      ...flags,
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
  await tree.start(new AbortController().signal);
  return agent;
}

const ready = (agent: Agent): Promise<void> =>
  until(() => agent.readyChecks().every((check) => check.isReady));
const keep = <T extends { close(): void }>(client: T): T => {
  clients.push(client);
  return client;
};
const page = async (agent: Agent, path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${agent.ports.metrics}${path}`)).text();
const web = () => [...fake.workloads].find(([, { key }]) => key.endsWith('/web'));

const policyText = (name: string, path = '/secret.txt'): string =>
  `apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata: {name: ${name}}\nspec:\n  severity: 7\n  tags: [A, B]\n  message: hands off\n  selector: {matchLabels: {app: shop}}\n  file: {matchPaths: [{path: ${path}}]}\n  action: Block\n`;

test('from a policy file to the kernel, and from a denial to a subscriber, with every word of the policy', async () => {
  const agent = await anAgent('--logPath', join(root, 'alerts.jsonl'));
  await writeFile(join(root, 'policies/a.yaml'), policyText('guard'));
  await until(() => (web()?.[1].contentHash ?? 0n) !== 0n);
  expect(fake.cgroupNames.get('web')).toBe(web()?.[0]);

  const alerts: Alert[] = [];
  const client = keep(new LogServiceClient(`127.0.0.1:${agent.ports.grpc}`, credentials.createInsecure()));
  const stream = client.watchAlerts({ Filter: 'policy' });
  stream.on('data', (alert: Alert) => alerts.push(alert)).on('error', () => undefined);
  await until(async () => /ka_agent_alerts_subscribers 1/.test(await page(agent, '/metrics')));
  const [workload, { revision }] = web()!;
  fake.emit(
    {
      workload,
      revision,
      rule: 1,
      verdict: Verdict.BLOCK,
      hook: Hook.FILE_OPEN,
      cls: Class.FILE,
      object: Buffer.from('/secret.txt'),
    },
    Ring.ALERTS,
  );
  await until(() => alerts.length === 1);
  expect(alerts[0]).toMatchObject({
    PolicyName: 'guard',
    Severity: '7',
    Tags: 'A,B',
    Message: 'hands off',
    NamespaceName: 'container_namespace',
    ContainerName: 'web',
    Labels: 'app=shop',
    HostName: 'node-1',
    Resource: '/secret.txt',
    Action: 'Block',
    Result: 'Permission denied',
    Type: 'MatchedPolicy',
  });
  await until(() => fake.taken[0] === 1n);
  await until(async () =>
    (await readFile(join(root, 'alerts.jsonl'), 'utf8').catch(() => '')).includes('"PolicyName":"guard"'),
  );
});

test('a policy over gRPC is in force, shown by the probe, and gone after its deletion', async () => {
  const agent = await anAgent();
  await ready(agent);
  const address = `127.0.0.1:${agent.ports.grpc}`;
  const policies = keep(new PolicyServiceClient(address, credentials.createInsecure()));
  const probe = keep(new ProbeServiceClient(address, credentials.createInsecure()));
  const send = (type: string): Promise<PolicyStatus> =>
    new Promise((resolve, reject) => {
      const spec = {
        selector: { matchLabels: { 'kubearmor.io/container.name': 'web' } },
        network: { matchDNSQueries: [{ domain: 'example.org' }] },
        file: { matchPaths: [{ path: '/x' }] },
        action: 'Block',
      };
      const json = Buffer.from(
        JSON.stringify({ type, object: { metadata: { name: 'ksp-block-policy' }, spec } }),
      );
      policies.containerPolicy({ policy: json }, (error, answer) =>
        error === null ? resolve(answer.status) : reject(error),
      );
    });
  const ask = (): Promise<ProbeResponse> =>
    new Promise((resolve, reject) =>
      probe.getProbeData({}, (error, answer) => (error === null ? resolve(answer) : reject(error))),
    );
  expect(await send('ADDED')).toBe(PolicyStatus.Applied);
  await ready(agent);
  const seen = await ask();
  expect(seen.containerList).toEqual(['web']);
  expect(seen.containerMap['web']).toMatchObject({ policyList: ['ksp-block-policy'], policyEnabled: 1 });
  const data = JSON.parse(Buffer.from(seen.containerMap['web']!.policyDataList[0]!.policy).toString()) as {
    status: { conditions: unknown[] };
  };
  expect(data.status.conditions).toMatchObject([
    { type: 'Enforced', status: 'True' },
    { reason: 'NotEnforcedYet', message: 'not enforced yet: 1 dns rules' },
  ]);
  expect(await page(agent, '/policies')).toContain('not enforced yet: 1 dns rules');
  expect(await page(agent, '/metrics')).toContain('ka_agent_policies_limited 1');
  expect(await send('DELETED')).toBe(PolicyStatus.Deleted);
  expect((await ask()).containerMap['web']?.policyList).toEqual([]);
  await until(() => web()?.[1].contentHash === 0n);
});

test('the agent after one that was stopped in a flood tells nothing twice', async () => {
  const path = join(root, 'alerts.jsonl');
  const first = await anAgent('--logPath', path);
  await ready(first);
  for (let i = 0; i < 600; i += 1) fake.emit({ workload: 0 });
  fake.lose();
  await until(() => (fake.taken[0] ?? 0n) > 0n);
  await running.pop()!.stop();
  const inFile = async (): Promise<{ alerts: number; lost: number }> => {
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    const lost = lines.flatMap((line) => /"Lost":"(\d+)"/.exec(line)?.[1] ?? []);
    return { alerts: lines.length - lost.length, lost: lost.reduce((sum, count) => sum + Number(count), 0) };
  };
  const before = await inFile();
  expect(BigInt(before.alerts + before.lost)).toBe((fake.taken[0] ?? 0n) - (fake.open[0] ?? 0n));
  const second = await anAgent('--logPath', path);
  await ready(second);
  fake.emit({ workload: 0 });
  await until(() => fake.taken[0] === 602n && fake.open[0] === 0n);
  const { alerts, lost } = await inFile();
  expect(alerts + lost).toBe(602);
}, 30_000);

test('an enforcer that dies is started again, gets the same rules, and what was lost meanwhile is told', async () => {
  const agent = await anAgent('--logPath', join(root, 'alerts.jsonl'));
  await writeFile(join(root, 'policies/a.yaml'), policyText('guard'));
  await until(() => (web()?.[1].contentHash ?? 0n) !== 0n);
  await ready(agent);
  const before = web();
  fake.crash();
  for (let i = 0; i < 3; i += 1) fake.lose();
  await until(() => fake.starts === 2);
  await ready(agent);
  expect(web()).toEqual(before);
  const [workload, { revision }] = web()!;
  fake.emit({ workload, revision, rule: 1 });
  await until(async () =>
    (await readFile(join(root, 'alerts.jsonl'), 'utf8')).includes('3 alerts were lost'),
  );
  expect(await page(agent, '/metrics')).toMatch(/ka_agent_events_lost_total 3\n/);
  expect(await page(agent, '/metrics')).toMatch(/ka_agent_events_unattributed_total 0\n/);
}, 20_000);

test('denials made while the agent was away name their policy when it is back', async () => {
  await anAgent();
  await writeFile(join(root, 'policies/a.yaml'), policyText('guard'));
  await until(() => (web()?.[1].contentHash ?? 0n) !== 0n);
  const [workload, { revision }] = web()!;
  await running.pop()!.stop();
  for (let i = 0; i < 5; i += 1) fake.emit({ workload, revision, rule: 1 });
  const agent = await anAgent('--logPath', join(root, 'alerts.jsonl'));
  await ready(agent);
  await until(
    async () =>
      (await readFile(join(root, 'alerts.jsonl'), 'utf8').catch(() => '')).split('"PolicyName":"guard"')
        .length === 6,
  );
  expect(await page(agent, '/metrics')).toMatch(/ka_agent_events_unattributed_total 0\n/);
});

test('denials decided by rules that were changed while the agent was away name the policy that decided', async () => {
  await anAgent();
  await writeFile(join(root, 'policies/a.yaml'), policyText('guard'));
  await until(() => (web()?.[1].contentHash ?? 0n) !== 0n);
  const [workload, { revision }] = web()!;
  await running.pop()!.stop();
  fake.emit({ workload, revision, rule: 1 });
  await writeFile(join(root, 'policies/a.yaml'), policyText('other', '/elsewhere'));
  const agent = await anAgent('--logPath', join(root, 'alerts.jsonl'));
  await ready(agent);
  await until(async () =>
    (await readFile(join(root, 'alerts.jsonl'), 'utf8').catch(() => '')).includes('"PolicyName":"guard"'),
  );
});

test('a denial whose rules are not known any more is still reported, as unknown', async () => {
  const agent = await anAgent('--logPath', join(root, 'alerts.jsonl'));
  await ready(agent);
  fake.emit({ workload: 77, revision: 9999, rule: 3 });
  await until(async () =>
    (await readFile(join(root, 'alerts.jsonl'), 'utf8').catch(() => '')).includes('"PolicyName":"unknown"'),
  );
  expect(await page(agent, '/metrics')).toMatch(/ka_agent_events_unattributed_total 1\n/);
});

test('garbage on the gRPC port is refused and changes nothing', async () => {
  const agent = await anAgent();
  await ready(agent);
  const address = `127.0.0.1:${agent.ports.grpc}`;
  const raw = keep(new Client(address, credentials.createInsecure()));
  const bytes = (value: Buffer): Buffer => value;
  for (const garbage of [Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), Buffer.alloc(1000, 0xff)]) {
    const failure = await new Promise((resolve) => {
      raw.makeUnaryRequest('/policy.PolicyService/containerPolicy', bytes, bytes, garbage, (error) =>
        resolve(error),
      );
    });
    expect(failure).not.toBeNull();
  }
  await new Promise<void>((resolve) => {
    const socket = connect(agent.ports.grpc, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
    socket
      .on('error', () => undefined)
      .on('close', () => resolve())
      .resume();
  });
  const policies = keep(new PolicyServiceClient(address, credentials.createInsecure()));
  const answer = await new Promise((resolve) => {
    policies.containerPolicy({ policy: Buffer.from('{') }, (_error, value) => resolve(value));
  });
  expect(answer).toEqual({ status: PolicyStatus.Invalid });
  expect(agent.readyChecks().every((check) => check.isReady)).toBe(true);
});

test('a kernel without BPF-LSM leaves an agent that says so and answers everything else', async () => {
  fake.nextExit = { code: 3, signal: null };
  const agent = await anAgent();
  await until(() =>
    agent.readyChecks().some(({ name, reason }) => name === 'enforcer' && /BPF LSM/.test(reason ?? '')),
  );
  const answer = await fetch(`http://127.0.0.1:${agent.ports.metrics}/readyz`);
  expect(answer.status).toBe(503);
  expect(await page(agent, '/healthz')).toBe('ok\n');
});

test.each([
  [['--tlsCertProvider', 'vault'], 'KA_CONFIG_VALUE'],
  [['--defaultFilePosture', 'deny'], 'KA_CONFIG_VALUE'],
  [['--nonsense'], 'KA_CONFIG_UNKNOWN_FLAG'],
])('flags %j are refused with a code', async (argv, code) => {
  expect(await loadConfig(argv, {})).toMatchObject({ ok: false, error: [{ code }] });
});

test('settings of existing installations that mean nothing here are accepted and said', async () => {
  expect(await loadConfig(['-alertThrottling=false', '-gRPC=0'], {})).toMatchObject({
    ok: true,
    value: {
      config: { grpc: 0 },
      warnings: [{ code: 'KA_AGENT_SETTING_UNUSED', object: '-alertThrottling=false' }],
    },
  });
});

test('with tlsEnabled only clients with a certificate are served, and a new certificate is taken up', async () => {
  const ca = createAuthority((cleanup) => clients.push({ close: cleanup }));
  ca.install(root, 'server', { toDays: 1 });
  const { certificate, key } = ca.issue('client');
  const agent = await anAgent('-tlsEnabled', '-tlsCertPath', root, '-tlsNames=localhost,127.0.0.1');
  const address = `127.0.0.1:${agent.ports.grpc}`;
  const check = (how: ChannelCredentials): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const client = keep(new LogServiceClient(address, how));
      client.healthCheck({ nonce: 7 }, (failure, reply) =>
        failure === null ? resolve(reply) : reject(failure),
      );
    });
  const own = credentials.createSsl(Buffer.from(ca.certificate), Buffer.from(key), Buffer.from(certificate));
  expect(await check(own)).toEqual({ Retval: 7 });
  await expect(check(credentials.createInsecure())).rejects.toMatchObject({ code: 14 });
  await expect(check(credentials.createSsl(Buffer.from(ca.certificate)))).rejects.toMatchObject({ code: 14 });
  expect(await page(agent, '/readyz')).toContain('"name":"tls","isReady":true');
  ca.install(root, 'server');
  await until(async () => /ka_agent_tls_replaced_total\{[^}]+\} 1/.test(await page(agent, '/metrics')));
  expect(await check(own)).toEqual({ Retval: 7 });
});

test('with tlsEnabled and no usable certificate the agent says which file it is and does not serve', async () => {
  const ca = createAuthority((cleanup) => clients.push({ close: cleanup }));
  ca.install(root, 'server');
  await expect(anAgent('-tlsEnabled', '-tlsCertPath', root, '-tlsNames', '10.0.0.4')).rejects.toThrow(
    /KA_TLS_NAME .*server.crt: is not valid for 10.0.0.4/,
  );
  await rm(join(root, 'server.key'));
  await expect(anAgent('-tlsEnabled', '-tlsCertPath', root)).rejects.toThrow(/KA_TLS_READ .*server.key/);
});
