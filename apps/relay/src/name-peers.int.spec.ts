import { PassThrough } from 'node:stream';
import { parseConfig } from '@kubearmor-ts/config';
import { FakeApiServer } from '@kubearmor-ts/fake-apiserver';
import { KubeClient } from '@kubearmor-ts/kube';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import type { Log } from '@kubearmor-ts/proto';
import { createGrpcServer, createLogClient, createLogFeed, logService } from '@kubearmor-ts/stream';
import { createLogger } from '@kubearmor-ts/telemetry';
import { until } from '@kubearmor-ts/until';
import { createRelay } from './app.ts';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';

/** Processes and sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 120_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const pod = (name: string, ip: string, more: object = {}) => ({
  metadata: { name, namespace: 'shop', uid: `uid-of-${name}`, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {},
  status: { phase: 'Running', podIP: ip, podIPs: [{ ip }, { ip: 'fd00::1' }] },
  ...more,
});

async function startRelay(argv: readonly string[], server: FakeApiServer) {
  const feed = createLogFeed();
  const agent = createGrpcServer({ address: '127.0.0.1:0', services: [logService(feed)] });
  await agent.start(never);
  cleanups.push(() => agent.stop());
  const given = parseConfig(relayConfigTable, {
    argv: [
      ...['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'],
      ...['--agents', `127.0.0.1:${String(agent.port)}`, ...argv],
    ],
    env: {},
  });
  if (!given.ok) throw new Error(JSON.stringify(given.error));
  const targets = checkConfig(given.value);
  if (!targets.ok) throw new Error(JSON.stringify(targets.error));
  const clock = createRealClock();
  const transport = {
    send: (request: Parameters<FakeApiServer['send']>[0]) => server.send(request),
    close: () => undefined,
  };
  const delivered: (Alert | Log)[] = [];
  const relay = createRelay({
    config: given.value,
    targets: targets.value,
    clock,
    random: Math.random,
    hostName: 'relay-1',
    output: new PassThrough(),
    logger: createLogger({ app: 'relay', level: 'silent' }),
    kube: {
      client: new KubeClient({ transport, clock, userAgent: 'test' }),
      server: 'test',
      close: () => undefined,
    },
    sinks: [
      {
        sink: {
          type: 'test',
          target: 'memory',
          limits: { maxItems: 100, maxDelayMs: 5 },
          deliver: (batch) => {
            delivered.push(...batch.map(({ event }) => event));
            return Promise.resolve({ kind: 'delivered', rejected: [] });
          },
          close: () => Promise.resolve(),
        },
        spec: {
          type: 'test',
          name: 't',
          place: 'sinks[0]',
          value: {},
          filter: {},
          redact: [],
          giveUpAfterMs: 0,
        },
      },
    ],
  });
  await relay.start(never);
  cleanups.push(() => relay.stop());
  const client = createLogClient({ address: `127.0.0.1:${String(relay.grpc.port)}` });
  const watched: Alert[] = [];
  const watching = (async () => {
    for await (const bytes of client.watchRaw('alerts', 'all', never)) watched.push(Alert.decode(bytes));
  })().catch(() => undefined);
  cleanups.push(async () => {
    client.close();
    await watching;
  });
  const metrics = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${String(relay.ops.port)}/metrics`)).text();
  await until(async () => (await metrics()).includes('ka_relay_subscribers{kind="alerts"} 1'));
  await until(() => feed.hasSubscribers('alerts'));
  return { feed, delivered, watched, metrics };
}

const connection = (ip: string, more: Partial<Alert> = {}): Alert =>
  Alert.create({
    UpdatedTime: new Date().toISOString().replace('Z', '000Z'),
    Operation: 'Network',
    Resource: 'protocol=TCP type=SOCK_STREAM',
    EventData: { Remoteip: ip, Port: '5432', Protocol: 'TCP' },
    ...more,
  });
const peerOf = ({ PeerKind, PeerNamespace, PeerName }: Alert | Log): string =>
  [PeerKind, PeerNamespace, PeerName].join(' ').trim();

test(
  'network alerts name the pod or service behind the peer’s address, to sinks and subscribers alike',
  async () => {
    const server = new FakeApiServer();
    server.table.put('pods', 'shop/db-0', pod('db-0', '10.0.0.7'));
    server.table.put('pods', 'shop/host', pod('host', '10.9.0.1', { spec: { hostNetwork: true } }));
    server.table.put('services', 'shop/db', {
      metadata: { name: 'db', namespace: 'shop', uid: 'uid-of-db' },
      spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'] },
    });
    server.table.put('services', 'shop/headless', {
      metadata: { name: 'headless', namespace: 'shop', uid: 'h' },
      spec: { clusterIP: 'None', clusterIPs: ['None'] },
    });
    const { feed, delivered, watched, metrics } = await startRelay(['--peer-names'], server);
    await until(async () => (await metrics()).includes('ka_relay_peer_addresses{state="held"} 3'));
    const alerts = [
      connection('10.0.0.7'),
      connection('fd00::1'),
      connection('10.96.0.7'),
      connection('10.9.0.1'),
      connection('10.0.0.7', { Operation: 'File' }),
      connection('', {
        Operation: 'NetworkFirewall',
        Resource: 'INGRESS',
        EventData: { SourceIP: '10.0.0.7', DestinationIP: '10.0.0.8' },
      }),
      connection('not an address'),
    ];
    for (const alert of alerts) feed.publishAlert(alert);
    await until(() => delivered.length === alerts.length && watched.length === alerts.length);
    const expected = ['Pod shop db-0', 'Pod shop db-0', 'Service shop db', '', '', 'Pod shop db-0', ''];
    expect(delivered.map(peerOf)).toEqual(expected);
    expect(watched.map(peerOf)).toEqual(expected);
    expect(watched[0]).toEqual({ ...alerts[0], PeerKind: 'Pod', PeerNamespace: 'shop', PeerName: 'db-0' });

    server.table.remove('pods', 'shop/db-0');
    server.table.put('pods', 'shop/web-0', pod('web-0', '10.0.0.7'));
    await until(async () => (await metrics()).includes('ka_relay_peer_addresses{state="ended"} 2'));
    // What happened before, told late, is of the pod that had the address then.
    feed.publishAlert(connection('10.0.0.7', { UpdatedTime: '2026-06-01T00:00:00.000000Z' }));
    feed.publishAlert(connection('10.0.0.7', { UpdatedTime: '2199-01-01T00:00:00.000000Z' }));
    await until(() => delivered.length === alerts.length + 2);
    expect(delivered.slice(-2).map(peerOf)).toEqual(['Pod shop db-0', 'Pod shop web-0']);
  },
  slowMachineMs,
);

test(
  'without the setting nothing is asked of an API server and nothing is named',
  async () => {
    const server = new FakeApiServer();
    server.table.put('pods', 'shop/db-0', pod('db-0', '10.0.0.7'));
    const { feed, delivered } = await startRelay([], server);
    feed.publishAlert(connection('10.0.0.7'));
    await until(() => delivered.length === 1);
    expect(delivered.map(peerOf)).toEqual(['']);
    expect(server.requests).toEqual([]);
  },
  slowMachineMs,
);
