import { PassThrough } from 'node:stream';
import { parseConfig } from '@kubearmor-ts/config';
import { FakeApiServer } from '@kubearmor-ts/fake-apiserver';
import { KubeClient } from '@kubearmor-ts/kube';
import { createRealClock } from '@kubearmor-ts/life';
import type { Sink } from '@kubearmor-ts/sink';
import { createLogger } from '@kubearmor-ts/telemetry';
import { until } from '@kubearmor-ts/until';
import { createRelay } from './app.ts';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';
import type { SourceStatus } from './find-agents.ts';
import type { AgentStatus } from './follow-agents.ts';
import type { LoadedSink } from './load-sinks.ts';
import { nameServerMissing, startNameServer } from './name-server.testing.ts';
import { simulateAgent } from './simulated-agent.testing.ts';
import type { SimulatedAgent } from './simulated-agent.testing.ts';

/** Processes and sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 120_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Agents on one port of several addresses, as on the nodes of a cluster. */
async function startAgents(...hosts: readonly string[]): Promise<readonly SimulatedAgent[]> {
  const agents: SimulatedAgent[] = [];
  for (const host of hosts) {
    const port = agents[0]?.port;
    const agent = simulateAgent(host, { host, ...(port === undefined ? {} : { port }) });
    await agent.start();
    cleanups.push(() => agent.stop());
    agents.push(agent);
  }
  return agents;
}

function collector(): { readonly loaded: LoadedSink; readonly from: string[] } {
  const from: string[] = [];
  const sink: Sink = {
    type: 'test',
    target: 'memory',
    limits: { maxItems: 100, maxDelayMs: 5 },
    deliver: (batch) => {
      from.push(...batch.map(({ event }) => event.PodName));
      return Promise.resolve({ kind: 'delivered', rejected: [] });
    },
    close: () => Promise.resolve(),
  };
  const spec = {
    type: 'test',
    name: 't',
    place: 'sinks[0]',
    value: {},
    filter: {},
    redact: [],
    giveUpAfterMs: 0,
  };
  return { loaded: { sink, spec }, from };
}

async function startRelay(argv: readonly string[], server?: FakeApiServer) {
  const given = parseConfig(relayConfigTable, {
    argv: [
      ...['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'],
      ...['--dns-interval', '1', ...argv],
    ],
    env: {},
  });
  if (!given.ok) throw new Error(JSON.stringify(given.error));
  const targets = checkConfig(given.value);
  if (!targets.ok) throw new Error(JSON.stringify(targets.error));
  const clock = createRealClock();
  const kube = server && {
    client: new KubeClient({
      transport: { send: (request) => server.send(request), close: () => undefined },
      clock,
      userAgent: 'test',
    }),
    server: 'test',
    close: () => undefined,
  };
  const { loaded, from } = collector();
  const relay = createRelay({
    config: given.value,
    targets: targets.value,
    clock,
    random: Math.random,
    hostName: 'relay-1',
    output: new PassThrough(),
    logger: createLogger({ app: 'relay', level: 'silent' }),
    sinks: [loaded],
    ...(kube === undefined ? {} : { kube }),
  });
  await relay.start(never);
  cleanups.push(() => relay.stop());
  const ops = `http://127.0.0.1:${String(relay.ops.port)}`;
  const page = async <T>(path: string): Promise<T> => (await (await fetch(`${ops}${path}`)).json()) as T;
  const agents = () => page<AgentStatus[]>('/agents');
  return {
    from,
    agents,
    sources: () => page<SourceStatus[]>('/agent-sources'),
    ready: async () => (await fetch(`${ops}/readyz`)).status,
    connected: async () =>
      (await agents())
        .filter(({ isConnected }) => isConnected)
        .map(({ address }) => address)
        .sort(),
  };
}

const dnsTest = (promise: string, run: () => Promise<void>): void => {
  if (nameServerMissing === undefined) test(promise, run, slowMachineMs);
  else test.skip(`${promise} (skipped: ${nameServerMissing})`, () => undefined);
};

dnsTest(
  'agents behind a name are followed as a real name server tells, and stay while it is away',
  async () => {
    const [one, two, three] = await startAgents('127.0.0.2', '127.0.0.3', '127.0.0.4');
    const records = (...agents: (SimulatedAgent | undefined)[]) =>
      agents.map((agent) => `--host-record=agents.test,${agent?.name ?? ''}`);
    const names = await startNameServer(records(one, two));
    cleanups.push(() => names.stop());
    const word = `dns:agents.test:${String(one?.port)}`;
    const relay = await startRelay(['--agents', word, '--dns-servers', names.address]);
    await until(async () => (await relay.connected()).length === 2);
    expect((await relay.agents()).map(({ sources }) => sources)).toEqual([[word], [word]]);

    await names.serve(records(two, three));
    await until(async () => (await relay.connected()).join() === [two?.address, three?.address].join());
    for (const agent of [two, three]) agent?.publish(1);
    await until(() => relay.from.length === 2);
    expect([...relay.from].sort()).toEqual(['127.0.0.3', '127.0.0.4']);

    await names.stop();
    await until(async () => (await relay.sources()).some(({ problem }) => problem !== ''));
    expect(await relay.connected()).toHaveLength(2);
    await names.serve([]);
    await until(async () => (await relay.agents()).length === 0);
  },
);

dnsTest('SRV records bring agents with their ports', async () => {
  const [agent] = await startAgents('127.0.0.2');
  const names = await startNameServer([
    '--host-record=node.test,127.0.0.2',
    `--srv-host=_grpc._tcp.agents.test,node.test,${String(agent?.port)}`,
  ]);
  cleanups.push(() => names.stop());
  const relay = await startRelay(['--agents', 'srv:_grpc._tcp.agents.test', '--dns-servers', names.address]);
  await until(async () => (await relay.agents()).length === 1);
  expect(await relay.agents()).toMatchObject([
    { address: `node.test:${String(agent?.port)}`, sources: ['srv:_grpc._tcp.agents.test'] },
  ]);
});

const labels = { 'kubearmor-app': 'kubearmor' };
const agentPod = (name: string, ip: string, phase = 'Running') => ({
  metadata: { name, namespace: 'kubearmor', uid: `uid-of-${name}`, labels },
  spec: {},
  status: { phase, podIP: ip, podIPs: [{ ip }] },
});

test(
  'agents among the pods of a cluster are followed from their start to their end',
  async () => {
    const server = new FakeApiServer();
    const [one, two] = await startAgents('127.0.0.2', '127.0.0.3');
    server.table.put('pods', 'kubearmor/a', agentPod('a', '127.0.0.2'));
    server.table.put('pods', 'kubearmor/pending', agentPod('pending', '127.0.0.3', 'Pending'));
    server.table.put('pods', 'kubearmor/other', {
      ...agentPod('other', '127.0.0.9'),
      metadata: { name: 'other', namespace: 'kubearmor', labels: { app: 'other' } },
    });
    const word = `pods:kubearmor:${String(one?.port)}`;
    const relay = await startRelay(['--agents', `${word},${one?.address ?? ''}`], server);
    await until(async () => (await relay.connected()).length === 1);
    await until(async () => (await relay.sources()).every(({ problem }) => problem === ''));
    expect(await relay.agents()).toMatchObject([{ address: one?.address, sources: ['list', word] }]);

    server.table.put('pods', 'kubearmor/pending', agentPod('pending', '127.0.0.3'));
    await until(async () => (await relay.connected()).length === 2);
    // A watch that broke costs no agent, and what changed meanwhile is heard.
    server.fail('watch', { kind: 'status', status: 500 });
    server.endWatches('broken');
    server.table.remove('pods', 'kubearmor/pending');
    await until(async () => (await relay.agents()).length === 1);
    // The list still names it.
    server.table.remove('pods', 'kubearmor/a');
    await until(async () => (await relay.agents()).every(({ sources }) => sources.join() === 'list'));
    one?.publish(1);
    two?.publish(1);
    await until(() => relay.from.length === 1);
    expect(relay.from).toEqual(['127.0.0.2']);
  },
  slowMachineMs,
);

test(
  'an API server that refuses is a problem of the source, said and counted, and readiness tells',
  async () => {
    const server = new FakeApiServer();
    server.fail('list', { kind: 'status', status: 403 });
    const relay = await startRelay(['--agents', 'pods::7'], server);
    await until(async () => ((await relay.sources())[0]?.failures ?? 0) > 0);
    expect(await relay.ready()).toBe(503);
    await until(async () => (await relay.ready()) === 200);
    expect(await relay.sources()).toMatchObject([{ source: 'pods::7', agents: 0, problem: '' }]);
  },
  slowMachineMs,
);
