import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Client, credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { createRealClock } from '@kubearmor-ts/life';
import {
  Alert,
  Log,
  PolicyServiceClient,
  PolicyStatus,
  ProbeResponse,
  ProbeServiceClient,
} from '@kubearmor-ts/proto';
import { until } from '@kubearmor-ts/until';
import {
  createGrpcServer,
  createLogClient,
  createLogFeed,
  followLogService,
  logService,
  policyService,
  probeService,
} from './index.ts';
import type { GrpcServer, LogFeedOptions, SessionState } from './index.ts';

/** Processes and sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 30_000;
const never = new AbortController().signal;
const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: LogFeedOptions = {}, port = 0) {
  const feed = createLogFeed(options);
  const server = createGrpcServer({ address: `127.0.0.1:${String(port)}`, services: [logService(feed)] });
  await server.start(never);
  cleanups.push(() => server.stop());
  return { feed, server, address: `127.0.0.1:${String(server.port)}` };
}

function connect(address: string) {
  const client = createLogClient({ address });
  cleanups.push(() => client.close());
  return client;
}

/** Subscribing has no answer of its own: the count of subscribers is the sign. */
async function collect<T>(stream: AsyncIterable<T>, count: number): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) {
    items.push(item);
    if (items.length === count) break;
  }
  return items;
}

test(
  'a subscriber gets alerts with every field, in order',
  async () => {
    const { feed, address } = await serve();
    const received = collect(connect(address).watchAlerts('policy', never), 2);
    await until(() => feed.hasSubscribers('alerts'));
    const alert = Alert.create({
      PolicyName: 'p',
      Timestamp: 1_785_400_000,
      EventData: { Lsm: 'FILE_OPEN' },
      ATags: ['a'],
    });
    feed.publishAlert(alert);
    feed.publishAlert({ ...alert, PolicyName: 'q' });
    expect(await received).toEqual([alert, { ...alert, PolicyName: 'q' }]);
  },
  slowMachineMs,
);

test(
  'bytes with fields of a newer peer pass unchanged',
  async () => {
    const { feed, address } = await serve();
    const received = collect(connect(address).watchRaw('logs', 'system', never), 1);
    await until(() => feed.hasSubscribers('logs'));
    const newer = Buffer.concat([
      Log.encode(Log.create({ Type: 'HostLog' })).finish(),
      Buffer.from([0xc2, 0x3e, 0x01, 0x41]),
    ]);
    feed.publishRaw('logs', newer);
    expect((await received)[0]).toEqual(newer);
  },
  slowMachineMs,
);

test.each([
  ['alerts', 'policy', true],
  ['alerts', 'all', true],
  ['alerts', 'system', false],
  ['alerts', '', false],
  ['logs', 'system', true],
  ['logs', 'all', true],
  ['logs', 'policy', false],
  ['messages', '', true],
  ['messages', 'anything', true],
] as const)(
  'a stream of %s with filter %j is open: %s',
  async (kind, filter, isOpen) => {
    const { feed, address } = await serve();
    const abort = new AbortController();
    const stream = connect(address).watchRaw(kind, filter, abort.signal);
    const ended = collect(stream, 1);
    if (!isOpen) {
      expect(await ended).toEqual([]);
      return;
    }
    await until(() => feed.hasSubscribers(kind));
    abort.abort();
    expect(await ended).toEqual([]);
    await until(() => !feed.hasSubscribers(kind));
  },
  slowMachineMs,
);

test(
  'HealthCheck gives the nonce back',
  async () => {
    const { address } = await serve();
    const client = connect(address);
    await client.healthCheck();
    await client.healthCheck();
  },
  slowMachineMs,
);

test(
  'a subscriber that does not read loses its oldest messages, which is counted, and holds up nobody',
  async () => {
    const { feed, address } = await serve({ ringCapacity: { alerts: 100, logs: 100, messages: 100 } });
    const slow = connect(address).watchRaw('alerts', 'all', never)[Symbol.asyncIterator]();
    const first = slow.next();
    const total = 5000;
    let received = 0;
    const fast = (async () => {
      for await (const bytes of connect(address).watchRaw('alerts', 'all', never)) {
        received += bytes.length > 0 ? 1 : 0;
        if (received === total) break;
      }
    })();
    await until(() => feed.counts().alerts.subscribers === 2);
    const body = Buffer.alloc(2000, 0x41);
    for (let sent = 1; sent <= total; sent++) {
      feed.publishRaw('alerts', body);
      // The fast one keeps pace because the publisher waits for it; the slow one is never read.
      if (sent % 50 === 0) await until(() => received >= sent);
    }
    await fast;
    await first;
    const { published, dropped, delivered } = feed.counts().alerts;
    expect(published).toBe(total);
    expect(dropped).toBeGreaterThan(0);
    expect(delivered + dropped).toBeLessThanOrEqual(2 * total);
    expect(delivered + dropped).toBeGreaterThanOrEqual(2 * total - 100);
  },
  slowMachineMs,
);

test(
  'a subscriber beyond the limit is told so',
  async () => {
    const { feed, address } = await serve({ maxSubscribersPerKind: 1 });
    void collect(connect(address).watchRaw('alerts', 'all', never), 1).catch(() => undefined);
    await until(() => feed.hasSubscribers('alerts'));
    await expect(collect(connect(address).watchRaw('alerts', 'all', never), 1)).rejects.toMatchObject({
      code: 'KA_STREAM_REFUSED',
      message: expect.stringContaining('KA_STREAM_TOO_MANY'),
    });
    expect(feed.counts().alerts.refused).toBe(1);
  },
  slowMachineMs,
);

test(
  'a request of garbage is refused and the server lives on',
  async () => {
    const { address } = await serve();
    const client = new Client(address, credentials.createInsecure());
    cleanups.push(() => client.close());
    const bytes = (garbage: Buffer): Buffer => garbage;
    const failure = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest(
        '/feeder.LogService/HealthCheck',
        bytes,
        bytes,
        Buffer.from([0xff, 0xff, 0xff]),
        resolve,
      );
    });
    expect(failure?.code).toBe(status.INTERNAL);
    await connect(address).healthCheck();
  },
  slowMachineMs,
);

test(
  'garbage from a peer is a coded error on that stream',
  async () => {
    const { feed, address } = await serve();
    const client = connect(address);
    const received = collect(client.watchAlerts('all', never), 1);
    await until(() => feed.hasSubscribers('alerts'));
    feed.publishRaw('alerts', Buffer.from([0x0a, 0xff, 0x01]));
    await expect(received).rejects.toMatchObject({ code: 'KA_STREAM_BAD_MESSAGE', address });
    await client.healthCheck();
  },
  slowMachineMs,
);

test(
  'a message beyond the size limit is refused, not buffered',
  async () => {
    const { feed, address } = await serve();
    const received = collect(connect(address).watchRaw('alerts', 'all', never), 1);
    await until(() => feed.hasSubscribers('alerts'));
    feed.publishRaw('alerts', Buffer.alloc(5 * 1024 * 1024));
    await expect(received).rejects.toMatchObject({ code: 'KA_STREAM_REFUSED' });
  },
  slowMachineMs,
);

test(
  'an address in use is named when the server cannot start',
  async () => {
    const { server } = await serve();
    const second = createGrpcServer({ address: `127.0.0.1:${String(server.port)}`, services: [] });
    await expect(second.start(never)).rejects.toMatchObject({ code: 'KA_STREAM_LISTEN' });
  },
  slowMachineMs,
);

test(
  'a peer that is not there is a coded error',
  async () => {
    await expect(connect('127.0.0.1:1').healthCheck()).rejects.toMatchObject({
      code: 'KA_STREAM_UNREACHABLE',
    });
  },
  slowMachineMs,
);

interface Following {
  readonly feedAlerts: string[];
  readonly states: SessionState[];
  readonly done: Promise<void>;
  readonly stop: () => Promise<void>;
}

function follow(address: string, livenessMs = 30_000): Following {
  const abort = new AbortController();
  const feedAlerts: string[] = [];
  const states: SessionState[] = [];
  const done = followLogService(
    {
      address,
      filters: { alerts: 'policy', logs: 'system', messages: 'all' },
      clock: createRealClock(),
      random: () => 0.5,
      backoff: { firstMs: 10, maxMs: 50 },
      livenessMs,
      onState: (state) => states.push(state),
      onMessage: (kind, bytes) => {
        if (kind === 'alerts') feedAlerts.push(Alert.decode(bytes).PolicyName);
      },
    },
    abort.signal,
  );
  const stop = async (): Promise<void> => {
    abort.abort();
    await done;
  };
  cleanups.push(stop);
  return { feedAlerts, states, done, stop };
}

test(
  'a follower survives the restart of its peer and stops when told',
  async () => {
    const first = await serve();
    const port = first.server.port;
    const following = follow(first.address);
    await until(() => first.feed.hasSubscribers('alerts'));
    first.feed.publishAlert(Alert.create({ PolicyName: 'before' }));
    await until(() => following.feedAlerts.length === 1);
    await first.server.stop();
    await until(() => following.states.some((state) => state.kind === 'waiting'));
    const second = await serve({}, port);
    await until(() => second.feed.hasSubscribers('alerts'));
    second.feed.publishAlert(Alert.create({ PolicyName: 'after' }));
    await until(() => following.feedAlerts.length === 2);
    expect(following.feedAlerts).toEqual(['before', 'after']);
    await following.stop();
    expect(following.states.at(-1)).toEqual({ kind: 'stopped' });
    await until(() => !second.feed.hasSubscribers('alerts'));
  },
  slowMachineMs,
);

test(
  'a follower of something that is no gRPC server keeps trying with pauses',
  async () => {
    const sockets = new Set<Socket>();
    const listener = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      for (const socket of sockets) socket.destroy();
      listener.close();
    });
    const following = follow(`127.0.0.1:${String((listener.address() as AddressInfo).port)}`);
    await until(() => following.states.filter((state) => state.kind === 'waiting').length >= 2);
    expect(following.states.some((state) => state.kind === 'streaming')).toBe(false);
  },
  slowMachineMs,
);

test(
  'a peer that dies without a word is noticed by its missing echo',
  async () => {
    const { server } = await serve();
    // A proxy that stops passing bytes and closes nothing is a half-open connection.
    let isFrozen = false;
    const pairs: Socket[] = [];
    const { connect: dial } = await import('node:net');
    const proxy = createServer((near) => {
      const far = dial(server.port, '127.0.0.1');
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.on('data', (bytes) => void (isFrozen || far.write(bytes)));
      far.on('data', (bytes) => void (isFrozen || near.write(bytes)));
      pairs.push(near, far);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => {
      for (const socket of pairs) socket.destroy();
      proxy.close();
    });
    const following = follow(`127.0.0.1:${String((proxy.address() as AddressInfo).port)}`, 50);
    await until(() => following.states.some((state) => state.kind === 'streaming'));
    isFrozen = true;
    await until(() => following.states.some((state) => state.kind === 'waiting'));
    const waiting = following.states.find((state) => state.kind === 'waiting');
    expect(waiting).toMatchObject({ cause: expect.stringContaining('KA_STREAM_UNREACHABLE') });
  },
  slowMachineMs,
);

async function servePolicies() {
  const failures: string[] = [];
  const seen: string[] = [];
  const server: GrpcServer = createGrpcServer({
    address: '127.0.0.1:0',
    services: [
      policyService({
        handlers: {
          containerPolicy: (json) => {
            seen.push(Buffer.from(json).toString());
            return PolicyStatus.Applied;
          },
          hostPolicy: () => Promise.resolve(PolicyStatus.NotEnabled),
          networkPolicy: () => {
            throw new Error('no nft');
          },
        },
        onFailure: (method, failure) => failures.push(`${method}: ${(failure as Error).message}`),
      }),
      probeService(() =>
        ProbeResponse.create({ containerList: ['c1'], containerMap: { c1: { policyEnabled: 1 } } }),
      ),
    ],
    reflection: true,
    healthOf: ['policy.PolicyService'],
  });
  await server.start(never);
  cleanups.push(() => server.stop());
  return { server, seen, failures, address: `127.0.0.1:${String(server.port)}` };
}

test(
  'policies reach their handler as they came, and a handler that throws is a Failure',
  async () => {
    const { seen, failures, address } = await servePolicies();
    const client = new PolicyServiceClient(address, credentials.createInsecure());
    cleanups.push(() => client.close());
    const call = (method: 'containerPolicy' | 'hostPolicy' | 'networkPolicy', json: string) =>
      new Promise((resolve) =>
        client[method]({ policy: Buffer.from(json) }, (_failure, reply) => resolve(reply.status)),
      );
    expect(await call('containerPolicy', '{"type":"ADDED"}')).toBe(PolicyStatus.Applied);
    expect(await call('hostPolicy', '{}')).toBe(PolicyStatus.NotEnabled);
    expect(await call('networkPolicy', '{}')).toBe(PolicyStatus.Failure);
    expect(seen).toEqual(['{"type":"ADDED"}']);
    expect(failures).toEqual(['networkPolicy: no nft']);
  },
  slowMachineMs,
);

test(
  'probe data is served',
  async () => {
    const { address } = await servePolicies();
    const client = new ProbeServiceClient(address, credentials.createInsecure());
    cleanups.push(() => client.close());
    const reply = await new Promise<ProbeResponse>((resolve, reject) => {
      client.getProbeData({}, (failure, data) => (failure === null ? resolve(data) : reject(failure)));
    });
    expect(reply.containerMap['c1']).toMatchObject({ policyEnabled: 1 });
  },
  slowMachineMs,
);

test(
  'health and reflection answer when asked for',
  async () => {
    const { address } = await servePolicies();
    const client = new Client(address, credentials.createInsecure());
    cleanups.push(() => client.close());
    const bytes = (value: Buffer): Buffer => value;
    const health = await new Promise<Buffer | undefined>((resolve, reject) => {
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        bytes,
        bytes,
        Buffer.alloc(0),
        (failure, value) => (failure === null ? resolve(value) : reject(failure)),
      );
    });
    expect(health).toEqual(Buffer.from([0x08, 0x01]));
    const listed = await new Promise<Buffer>((resolve, reject) => {
      const call = client.makeBidiStreamRequest(
        '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        bytes,
        bytes,
      );
      call.on('data', resolve);
      call.on('error', reject);
      call.write(Buffer.from([0x3a, 0x00]));
      call.end();
    });
    expect(listed.toString()).toContain('policy.PolicyService');
    expect(listed.toString()).not.toContain('feeder.LogService');
  },
  slowMachineMs,
);
