import { PassThrough } from 'node:stream';
import { parseConfig } from '@kubearmor-ts/config';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert, Log, Message } from '@kubearmor-ts/proto';
import { createGrpcServer, createLogClient, createLogFeed, logService } from '@kubearmor-ts/stream';
import type { FeedKind } from '@kubearmor-ts/stream';
import { createLogger } from '@kubearmor-ts/telemetry';
import { until } from '@kubearmor-ts/until';
import { createRelay } from './app.ts';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';

/** Processes and sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 30_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startAgent(port = 0) {
  const feed = createLogFeed();
  const server = createGrpcServer({ address: `127.0.0.1:${String(port)}`, services: [logService(feed)] });
  await server.start(never);
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await server.stop();
  };
  cleanups.push(stop);
  return { feed, stop, port: server.port, address: `127.0.0.1:${String(server.port)}` };
}

async function startRelay(argv: readonly string[]) {
  const config = parseConfig(relayConfigTable, {
    argv: [
      '-gRPCPort',
      '0',
      '--listen',
      '127.0.0.1',
      '--ops-listen',
      '127.0.0.1',
      '--ops-port',
      '0',
      ...argv,
    ],
    env: {},
  });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const targets = checkConfig(config.value);
  if (!targets.ok) throw new Error(JSON.stringify(targets.error));
  const output = new PassThrough({ encoding: 'utf8' });
  let printed = '';
  output.on('data', (text: string) => (printed += text));
  const relay = createRelay({
    config: config.value,
    targets: targets.value,
    clock: createRealClock(),
    random: () => 0.1,
    hostName: 'relay-1',
    output,
    logger: createLogger({ app: 'relay', level: 'silent' }),
  });
  await relay.start(never);
  cleanups.push(() => relay.stop());
  const ops = `http://127.0.0.1:${String(relay.ops.port)}`;
  return {
    relay,
    address: `127.0.0.1:${String(relay.grpc.port)}`,
    lines: () => printed.split('\n').filter((line) => line !== ''),
    ready: async () => (await fetch(`${ops}/readyz`)).status,
    metric: async (sample: string) => {
      const text = await (await fetch(`${ops}/metrics`)).text();
      const line = text.split('\n').find((row) => row.startsWith(`${sample} `));
      return line === undefined ? undefined : Number(line.slice(sample.length + 1));
    },
  };
}

/** Reads a stream in the background; what it got is in `items`. */
function watch(address: string, kind: FeedKind, filter: string) {
  const client = createLogClient({ address });
  const items: Buffer[] = [];
  const done = (async () => {
    for await (const bytes of client.watchRaw(kind, filter, never)) items.push(bytes);
  })().catch(() => undefined);
  cleanups.push(async () => {
    client.close();
    await done;
  });
  return items;
}

const event = {
  Timestamp: 1_785_400_000,
  UpdatedTime: '2026-07-30T08:26:40.112233Z',
  ClusterName: 'lab-north',
  HostName: 'edge-4',
  NodeID: 'c0ffee42',
  NamespaceName: 'bakery',
  Owner: { Ref: 'Deployment', Name: 'oven', Namespace: 'bakery' },
  PodName: 'oven-7c9d-q2m5z',
  Labels: 'app=oven',
  ContainerID: 'f00d77',
  ContainerName: 'oven',
  ContainerImage: 'registry.test/bakery/oven:3@sha256:cc33',
  HostPPID: 51_210,
  HostPID: 51_877,
  PPID: 19,
  PID: 212,
  UID: 0,
  ParentProcessName: '/bin/sh',
  ProcessName: '/bin/cat',
  Type: 'MatchedPolicy',
  Source: '/bin/cat <token>',
  Operation: 'File',
  Resource: '/run/secrets/token',
  Data: 'lsm=FILE_OPEN',
  EventData: { Lsm: 'FILE_OPEN' },
  Result: 'Permission denied',
  Cwd: '/',
  TTY: 'pts0',
  ExecEvent: { ExecID: '0', ExecutableName: 'cat' },
};
const alert = Alert.create({
  ...event,
  PolicyName: 'guard-token',
  Severity: '7',
  Tags: 'MITRE',
  ATags: ['MITRE'],
  Message: 'a token was read',
  Enforcer: 'BPFLSM',
  Action: 'Block',
  KubeArmorVersion: 'v0.1.0',
});

test(
  'alerts, logs and messages of all agents reach subscribers byte for byte and stdout as JSON lines',
  async () => {
    const [first, second] = [await startAgent(), await startAgent()];
    const relay = await startRelay(['--stdout', '--agents', `${first.address},${second.address}`]);
    const alerts = watch(relay.address, 'alerts', 'policy');
    const logs = watch(relay.address, 'logs', 'all');
    const messages = watch(relay.address, 'messages', '');
    await until(() =>
      [first, second].every(({ feed }) => feed.hasSubscribers('messages') && feed.hasSubscribers('logs')),
    );
    await until(async () => (await relay.metric('ka_relay_subscribers{kind="messages"}')) === 1);
    await until(async () => (await relay.metric('ka_relay_subscribers{kind="alerts"}')) === 1);
    await until(async () => (await relay.metric('ka_relay_subscribers{kind="logs"}')) === 1);

    // Field 1000 of a newer agent: 0xc2 0x3e is its tag.
    const newer = Buffer.concat([Alert.encode(alert).finish(), Buffer.from([0xc2, 0x3e, 0x01, 0x41])]);
    first.feed.publishRaw('alerts', newer);
    second.feed.publishLog(Log.create({ ...event, Type: 'ContainerLog' }));
    second.feed.publishMessage(Message.create({ Level: 'INFO', Message: 'up' }));
    await until(() => alerts.length === 1 && logs.length === 1 && messages.length === 1);
    expect(alerts[0]).toEqual(newer);
    expect(Log.decode(logs[0]!)).toMatchObject({ Type: 'ContainerLog', PodName: event.PodName });
    await until(() => relay.lines().length === 3);
    const printed = relay.lines().find((line) => line.includes('PolicyName'));
    expect(printed).toContain('"Source":"/bin/cat \\u003ctoken\\u003e"');
    expect(JSON.parse(printed ?? '')).toMatchObject({
      ...event,
      PolicyName: 'guard-token',
      ATags: ['MITRE'],
    });
  },
  slowMachineMs,
);

test(
  'agents may come late, go and come back; readiness and metrics tell',
  async () => {
    const probe = await startAgent();
    await probe.stop();
    const relay = await startRelay(['--agents', probe.address]);
    expect(await relay.ready()).toBe(503);
    const alerts = watch(relay.address, 'alerts', 'all');
    await until(async () => (await relay.metric('ka_relay_subscribers{kind="alerts"}')) === 1);

    const agent = await startAgent(probe.port);
    await until(async () => (await relay.ready()) === 200);
    agent.feed.publishAlert(alert);
    await until(() => alerts.length === 1);
    await agent.stop();
    await until(async () => (await relay.ready()) === 503);
    const again = await startAgent(probe.port);
    await until(async () => (await relay.ready()) === 200);
    again.feed.publishAlert(alert);
    await until(() => alerts.length === 2);
    expect(
      await relay.metric(`ka_relay_agent_failures_total{agent="${probe.address}"}`),
    ).toBeGreaterThanOrEqual(2);
  },
  slowMachineMs,
);

test(
  'garbage of an agent is counted and ends nobody else',
  async () => {
    const agent = await startAgent();
    const relay = await startRelay(['--agents', agent.address, '--stdout']);
    const alerts = watch(relay.address, 'alerts', 'all');
    await until(() => agent.feed.hasSubscribers('messages'));
    await until(async () => (await relay.metric('ka_relay_subscribers{kind="alerts"}')) === 1);
    agent.feed.publishRaw('alerts', Buffer.from([0x0a, 0xff, 0x01]));
    agent.feed.publishAlert(alert);
    await until(() => alerts.length === 1);
    expect(await relay.metric('ka_relay_malformed_total')).toBe(1);
    expect(relay.lines()).toHaveLength(1);
  },
  slowMachineMs,
);

test(
  'a receiver that is away costs memory up to its bound, and what is cut is counted',
  async () => {
    const agent = await startAgent();
    const relay = await startRelay([
      '--agents',
      agent.address,
      '--otlp-http',
      'http://127.0.0.1:1',
      '--journal-memory-megabytes',
      '1',
    ]);
    const alerts = watch(relay.address, 'alerts', 'all');
    await until(() => agent.feed.hasSubscribers('messages'));
    await until(async () => (await relay.metric('ka_relay_subscribers{kind="alerts"}')) === 1);
    const large = { ...alert, Data: 'x'.repeat(10_000) };
    for (let i = 0; i < 300; i++) agent.feed.publishAlert(large);
    await until(() => alerts.length === 300);
    const sink = '{sink="otlp-http",type="otlp"}';
    await until(async () => (await relay.metric('ka_relay_journal_appended_total')) === 300);
    expect(await relay.metric('ka_relay_journal_memory_bytes')).toBeLessThanOrEqual(1_000_000);
    expect(await relay.metric(`ka_relay_sink_lag${sink}`)).toBeLessThan(150);
    await until(async () => (await relay.metric(`ka_relay_sink_healthy${sink}`)) === 0);
    expect(await relay.ready()).toBe(200);
  },
  slowMachineMs,
);
