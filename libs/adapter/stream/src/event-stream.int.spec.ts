import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { createRealClock } from '@kubearmor-ts/life';
import {
  Alert,
  Log,
  encodeBatch,
  encodeBatchResponse,
  noCursor,
  readEvents,
  StreamEventsResponse,
} from '@kubearmor-ts/proto';
import type { BatchHead, Cursor } from '@kubearmor-ts/proto';
import { until } from '@kubearmor-ts/until';
import { rawEventStreamDefinition } from './event-stream-service.ts';
import {
  ReplayBuffer,
  createGrpcServer,
  createLogFeed,
  eventStreamService,
  followAgent,
  logService,
} from './index.ts';
import type { EventStreamOptions, FollowAgentOptions, GrpcService, SessionState } from './index.ts';

/** Sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 120_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startAgent(
  options: {
    port?: number;
    streamId?: string;
    maxBytes?: number;
    isStock?: boolean;
    service?: Partial<EventStreamOptions>;
  } = {},
) {
  const replay = new ReplayBuffer({
    streamId: options.streamId ?? 'boot-1',
    maxBytes: options.maxBytes ?? 1 << 20,
  });
  const feed = createLogFeed({ replay });
  const events = eventStreamService({
    buffer: replay,
    nodeName: () => 'edge-4',
    clock: createRealClock(),
    gatherMs: 1,
    ...options.service,
  });
  const server = createGrpcServer({
    address: `127.0.0.1:${String(options.port ?? 0)}`,
    services: [logService(feed), ...(options.isStock === true ? [] : [events])],
  });
  await server.start(never);
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await server.stop();
  };
  cleanups.push(stop);
  const alert = (name: string | number): void =>
    feed.publishAlert(Alert.create({ PolicyName: String(name) }));
  return {
    replay,
    feed,
    events,
    alert,
    stop,
    port: server.port,
    address: `127.0.0.1:${String(server.port)}`,
  };
}

/** A relay that remembers places and acknowledges what it is told to. */
class Memory {
  readonly cursors = new Map<string, Cursor>();
  readonly names: string[] = [];
  readonly batches: BatchHead[] = [];
  readonly missed: Cursor = { ...noCursor };
  readonly nodes: string[] = [];
  readonly protocols: string[] = [];
  readonly states: SessionState[] = [];
  acknowledges = true;
  hold: Promise<void> | undefined;
}

function follow(address: string, memory: Memory, more: Partial<FollowAgentOptions> = {}) {
  const abort = new AbortController();
  const done = followAgent(
    {
      address,
      clock: createRealClock(),
      random: () => 0.5,
      backoff: { firstMs: 5, maxMs: 20 },
      filters: { alerts: 'policy', logs: 'system', messages: 'all' },
      onMessage: (kind, bytes) =>
        void (kind === 'alerts' && memory.names.push(Alert.decode(bytes).PolicyName)),
      onState: (state) => memory.states.push(state),
      onProtocol: (protocol) => memory.protocols.push(protocol),
      events: {
        consumer: 'relay',
        resumeAfter: (streamId, node) => {
          memory.nodes.push(node);
          return memory.cursors.get(streamId) ?? (memory.cursors.size > 0 ? noCursor : undefined);
        },
        onBatch: async (payload, batch, acknowledge) => {
          await memory.hold;
          memory.batches.push(batch);
          const through = { ...(memory.cursors.get(batch.streamId) ?? noCursor) };
          for (const kind of ['alerts', 'logs', 'messages'] as const) {
            const count = batch.counts[kind];
            if (count > 0) through[kind] = batch.first[kind] + count - 1;
            memory.missed[kind] += batch.missed[kind];
          }
          for (const event of readEvents(payload) ?? [])
            if (event.kind === 'alerts') memory.names.push(Alert.decode(event.payload).PolicyName);
          if (!memory.acknowledges) return;
          memory.cursors.set(batch.streamId, through);
          acknowledge(through);
        },
      },
      ...more,
    },
    abort.signal,
  );
  const stop = async (): Promise<void> => {
    abort.abort();
    await done;
  };
  cleanups.push(stop);
  return { stop };
}

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => String(from + at));

test(
  'events come in batches and order, those of before the connection included, and leave the agent once acknowledged',
  async () => {
    const agent = await startAgent();
    agent.alert(1);
    const memory = new Memory();
    follow(agent.address, memory);
    await until(() => memory.names.length === 1);
    for (let name = 2; name <= 1000; name++) agent.alert(name);
    agent.feed.publishLog(Log.create({ Type: 'HostLog' }));
    await until(() => memory.names.length === 1000);
    expect(memory.names).toEqual(numbers(1, 1000));
    expect(memory.batches.length).toBeLessThan(100);
    expect(memory.nodes).toEqual(['edge-4']);
    await until(() => agent.replay.counts().heldBytes === 0);
    expect(agent.replay.counts().published).toEqual({ alerts: 1000, logs: 1, messages: 0 });
  },
  slowMachineMs,
);

test(
  'a relay that comes back gets what it had not acknowledged, and nothing else',
  async () => {
    const agent = await startAgent();
    const memory = new Memory();
    const first = follow(agent.address, memory);
    await until(() => agent.events.counts().readers === 1 && memory.protocols.length === 1);
    agent.alert(1);
    await until(() => memory.cursors.get('boot-1')?.alerts === 1);
    memory.acknowledges = false;
    agent.alert(2);
    await until(() => memory.names.length === 2);
    await first.stop();
    agent.alert(3);
    memory.acknowledges = true;
    follow(agent.address, memory);
    await until(() => memory.cursors.get('boot-1')?.alerts === 3);
    expect(memory.names).toEqual(['1', '2', '2', '3']);
    expect(memory.missed).toEqual(noCursor);
  },
  slowMachineMs,
);

test(
  'what an agent had to forget while the relay was away is told by number and kind',
  async () => {
    const agent = await startAgent({ maxBytes: 2000 });
    const memory = new Memory();
    const first = follow(agent.address, memory);
    agent.alert(1);
    await until(() => memory.cursors.get('boot-1')?.alerts === 1 && agent.replay.counts().heldBytes === 0);
    await first.stop();
    for (let name = 2; name <= 1000; name++) agent.alert(name);
    for (let log = 0; log < 1000; log++) agent.feed.publishLog(Log.create({ Type: 'HostLog' }));
    follow(agent.address, memory);
    await until(() => memory.cursors.get('boot-1')?.alerts === 1000 && memory.missed.logs > 0);
    expect(memory.missed.alerts).toBe(1000 - memory.names.length);
    expect(memory.missed.alerts).toBeGreaterThan(0);
    expect(memory.missed.alerts).toBe(agent.replay.counts().dropped.alerts);
    expect(memory.missed.logs).toBe(agent.replay.counts().dropped.logs);
  },
  slowMachineMs,
);

test(
  'a new run of the agent is another stream: numbers begin anew and nothing is taken twice or left out',
  async () => {
    const before = await startAgent({ streamId: 'boot-1' });
    const memory = new Memory();
    follow(before.address, memory);
    before.alert('a');
    await until(() => memory.names.length === 1);
    await before.stop();
    const after = await startAgent({ streamId: 'boot-2', port: before.port });
    after.alert('b');
    await until(() => memory.names.length === 2);
    expect(memory.cursors.get('boot-2')).toEqual({ alerts: 1, logs: 0, messages: 0 });
    expect(memory.missed).toEqual(noCursor);
  },
  slowMachineMs,
);

test(
  'a relay that holds back costs the agent its buffer and what the transport takes',
  async () => {
    const agent = await startAgent({ maxBytes: 200_000 });
    const memory = new Memory();
    let release = (): void => undefined;
    memory.hold = new Promise((resolve) => (release = resolve));
    follow(agent.address, memory);
    await until(() => agent.events.counts().readers === 1 && memory.protocols.length === 1);
    const big = Alert.create({ PolicyName: 'x', Data: 'y'.repeat(5000) });
    for (let alert = 0; alert < 1500; alert++) {
      agent.feed.publishAlert(big);
      if (alert % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(agent.replay.counts().heldBytes).toBeLessThanOrEqual(200_000);
    expect(agent.replay.counts().dropped.alerts).toBeGreaterThan(0);
    release();
    await until(() => memory.cursors.get('boot-1')?.alerts === 1500);
    expect(memory.names.length + memory.missed.alerts).toBe(1500);
  },
  slowMachineMs,
);

test(
  'an agent that only serves LogService is followed by that',
  async () => {
    const agent = await startAgent({ isStock: true });
    const memory = new Memory();
    follow(agent.address, memory);
    await until(() => agent.feed.hasSubscribers('alerts') && memory.states.at(-1)?.kind === 'streaming');
    agent.alert('stock');
    await until(() => memory.names.length === 1);
    expect(memory.protocols).toEqual(['messages']);
    expect(memory.batches).toEqual([]);
  },
  slowMachineMs,
);

test(
  'a reader that stays away is not waited for after its time',
  async () => {
    const agent = await startAgent({ service: { forgetAfterMs: 1 } });
    const memory = new Memory();
    memory.acknowledges = false;
    const following = follow(agent.address, memory);
    agent.alert(1);
    await until(() => memory.names.length === 1);
    await following.stop();
    await until(() => agent.events.counts().readers === 0);
    agent.replay.know('other', noCursor);
    await until(() => {
      agent.replay.acknowledge('other', { ...noCursor, alerts: 1 });
      return agent.replay.counts().held.alerts === 0;
    });
  },
  slowMachineMs,
);

test(
  'readers beyond the limit are refused with a reason',
  async () => {
    const agent = await startAgent({ service: { maxReaders: 1 } });
    follow(agent.address, new Memory());
    await until(() => agent.events.counts().readers === 1);
    const memory = new Memory();
    follow(agent.address, memory);
    await until(() => memory.states.some((state) => state.kind === 'waiting'));
    expect(memory.states.find((state) => state.kind === 'waiting')).toMatchObject({
      cause: expect.stringContaining('KA_STREAM_TOO_MANY'),
    });
  },
  slowMachineMs,
);

/** An agent that says what it is told to. */
async function startLiar(say: (call: ServerDuplexStream<unknown, Buffer>) => void): Promise<string> {
  const liar: GrpcService = {
    name: 'liar',
    definition: rawEventStreamDefinition,
    implementation: { streamEvents: say },
  };
  const server = createGrpcServer({ address: '127.0.0.1:0', services: [liar, logService(createLogFeed())] });
  await server.start(never);
  cleanups.push(() => server.stop());
  return `127.0.0.1:${String(server.port)}`;
}

const hello = (id: string): Buffer =>
  Buffer.from(
    StreamEventsResponse.encode({
      response: { $case: 'hello', value: { stream_id: id, node_name: 'n' } },
    }).finish(),
  );
const batchOf = (id: string): Buffer =>
  encodeBatchResponse(encodeBatch({ streamId: id, first: noCursor, missed: noCursor, events: [] }));

test.each<[string, readonly Buffer[]]>([
  ['garbage', [Buffer.from([0xff, 0xff, 0xff])]],
  ['nothing', [Buffer.alloc(0)]],
  ['a batch before the hello', [batchOf('s')]],
  ['a second hello', [hello('s'), hello('s')]],
  ['a batch of another stream', [hello('s'), batchOf('t')]],
  ['a stream without a name', [hello(''), batchOf('')]],
  ['a message beyond the limit', [hello('s'), Buffer.alloc(5 << 20)]],
])(
  'an agent that says %s is left with a reason and tried again later',
  async (_what, messages) => {
    const address = await startLiar((call) => {
      for (const message of messages) call.write(message);
    });
    const memory = new Memory();
    follow(address, memory);
    await until(() => memory.states.filter((state) => state.kind === 'waiting').length >= 2);
    expect(memory.states.find((state) => state.kind === 'waiting')).toMatchObject({
      cause: expect.stringMatching(/KA_STREAM_BAD_MESSAGE|larger than max/),
    });
    expect(memory.batches).toEqual([]);
  },
  slowMachineMs,
);

test(
  'a message of 100 MB is refused by its length, before it is read',
  async () => {
    const server = createHttp2();
    let written = 0;
    server.on('stream', (stream) => {
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' });
      const head = Buffer.alloc(5);
      head.writeUInt32BE(100 << 20, 1);
      stream.write(head);
      const chunk = Buffer.alloc(1 << 20);
      const more = (): void => {
        while (!stream.destroyed && written < 100 << 20) {
          written += chunk.length;
          if (!stream.write(chunk)) {
            stream.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    server.on('session', (session) => session.on('error', () => undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const memory = new Memory();
    const following = follow(`127.0.0.1:${String((server.address() as AddressInfo).port)}`, memory);
    await until(() => memory.states.some((state) => state.kind === 'waiting'));
    expect(written).toBeLessThan(50 << 20);
    await following.stop();
  },
  slowMachineMs,
);
