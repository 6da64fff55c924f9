import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createAuthority } from '@kubearmor-ts/certificates';
import { parseConfig } from '@kubearmor-ts/config';
import { FakeEnforcer } from '@kubearmor-ts/fake-enforcer';
import { createRealClock, ServiceTree } from '@kubearmor-ts/life';
import { createLogger } from '@kubearmor-ts/telemetry';
import { parse } from 'yaml';
import { createAgent } from '../../apps/agent/src/app.ts';
import { agentConfigTable } from '../../apps/agent/src/config.ts';
import { createRelay } from '../../apps/relay/src/app.ts';
import { checkConfig } from '../../apps/relay/src/check-config.ts';
import { relayConfigTable } from '../../apps/relay/src/config.ts';
import { dashboard } from './dashboard.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function tlsDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'chart-metrics-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  const ca = createAuthority((cleanup) => cleanups.push(cleanup));
  for (const name of ['server', 'client'] as const) ca.install(dir, name);
  return dir;
}

/** Names by kind, out of the lines that announce a metric; one without samples counts. */
async function servedAt(port: number): Promise<ReadonlyMap<string, string>> {
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', kind = '']) => [name, kind]),
  );
}

async function agentMetrics(): Promise<ReadonlyMap<string, string>> {
  const dir = tlsDirectory();
  const argv = [
    '-gRPC=0',
    '-gRPCHost=127.0.0.1',
    '-gRPCHealthPort=0',
    '-metricsPort=0',
    `-policy-dir=${join(dir, 'policies')}`,
    '-criSocket=none',
    '-runcRoots=',
    '-tlsEnabled=true',
    `-tlsCertPath=${dir}`,
  ];
  const config = parseConfig(agentConfigTable, { argv, env: {} });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const agent = createAgent({
    config: config.value,
    logger: createLogger({ app: 'agent', level: 'silent' }),
    clock: createRealClock(),
    version: 'v0.0.0',
    spawnEnforcer: new FakeEnforcer().spawn,
  });
  const tree = new ServiceTree('agent', agent.services);
  await tree.start(new AbortController().signal);
  cleanups.push(() => tree.stop());
  return servedAt(agent.ports.metrics);
}

async function relayMetrics(): Promise<ReadonlyMap<string, string>> {
  const dir = tlsDirectory();
  const sinks = JSON.stringify([{ name: 'lines', type: 'stdout' }]);
  const argv = [
    '-gRPCPort=0',
    '--listen=127.0.0.1',
    '--ops-listen=127.0.0.1',
    '--ops-port=0',
    `--sinks=${sinks}`,
  ];
  const config = parseConfig(relayConfigTable, {
    argv: [...argv, '-tlsEnabled=true', `-tlsCertPath=${dir}`],
    env: {},
  });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const targets = checkConfig(config.value);
  if (!targets.ok) throw new Error(JSON.stringify(targets.error));
  const relay = createRelay({
    config: config.value,
    targets: targets.value,
    clock: createRealClock(),
    random: () => 0,
    hostName: 'relay-of-the-test',
    output: new PassThrough(),
    logger: createLogger({ app: 'relay', level: 'silent' }),
  });
  await relay.start(new AbortController().signal);
  cleanups.push(() => relay.stop());
  return servedAt(relay.ops.port);
}

interface AlertRules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}
const alertFile = join(import.meta.dirname, '../../charts/shared/files/alerts.yaml');
const alerts = (parse(readFileSync(alertFile, 'utf8')) as AlertRules).groups.flatMap(({ rules }) => rules);
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => ({ title, expr })),
);

test('every metric that an alert or the dashboard asks for is one that agent or relay serves', async () => {
  const served = new Map([...(await agentMetrics()), ...(await relayMetrics())]);
  expect(served.size).toBeGreaterThan(80);
  const asked = [...alerts.map(({ alert, expr }) => ({ title: alert, expr })), ...queries];
  const unknown = asked.flatMap(({ title, expr }) =>
    [...expr.matchAll(/\bka_\w+/g)]
      .filter(([name]) => !served.has(name))
      .map(([name]) => `${title}: ${name}`),
  );
  expect(unknown).toEqual([]);
  // A counter only means something as a rate; a gauge has none.
  const misused = asked.flatMap(({ title, expr }) =>
    [...expr.matchAll(/(rate\(|increase\()?(\bka_\w+)/g)]
      .filter(([, rate, name = '']) => (rate === undefined) !== (served.get(name) === 'gauge'))
      .map(([text]) => `${title}: ${text}`),
  );
  expect(misused).toEqual([]);
}, 300_000);

test('every alert says how bad it is, what happened and what that means', () => {
  expect(alerts.length).toBeGreaterThan(10);
  for (const rule of alerts)
    expect(rule).toMatchObject({
      alert: expect.stringMatching(/^KubeArmor/),
      labels: { severity: expect.stringMatching(/^(warning|critical)$/) },
      annotations: { summary: expect.any(String), description: expect.any(String) },
    });
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
});

test('panels of the dashboard do not overlap', () => {
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from(
      { length: w * h },
      (_, index) => `${String(x + (index % w))},${String(y + Math.floor(index / w))}`,
    ),
  );
  expect(new Set(cells).size).toBe(cells.length);
});
