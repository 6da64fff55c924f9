import { startFakeReceiver } from '@kubearmor-ts/fake-receiver';
import type { FakeAnswer, FakeReceiver, FakeRequest } from '@kubearmor-ts/fake-receiver';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert, Log } from '@kubearmor-ts/proto';
import type { Sink, SinkRecord } from '@kubearmor-ts/sink';
import { createLokiSink, readLokiConfig } from './index.ts';

const slowMachineMs = 30_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const record = (name: string, fields: Partial<Alert> = {}): SinkRecord => ({
  kind: 'alerts',
  event: Alert.create({
    Timestamp: 1_785_400_000,
    UpdatedTime: '2026-07-30T08:26:40.112233Z',
    ClusterName: 'lab-north',
    NamespaceName: 'bakery',
    PodName: 'oven-1',
    PolicyName: name,
    Severity: '7',
    Action: 'Block',
    Operation: 'File',
    Result: 'Permission denied',
    ...fields,
  }),
});

function configOf(settings: Record<string, unknown>) {
  const config = readLokiConfig(settings, 'sinks[0]');
  if (!config.ok) throw new Error(config.error.map((error) => error.message).join('; '));
  return config.value;
}

function sinkTo(url: string, settings: Record<string, unknown> = {}): Sink {
  const sink = createLokiSink({ config: configOf({ url, ...settings }), clock: createRealClock(), env: {} });
  cleanups.push(() => sink.close());
  return sink;
}

interface Push {
  readonly streams: readonly {
    readonly stream: Record<string, string>;
    readonly values: readonly [string, string, Record<string, string>?][];
  }[];
}

/** What the push endpoint demands of a request, whatever is asked by a test. */
function readPush(request: FakeRequest): Push {
  expect([request.method, request.path, request.headers['content-type']]).toEqual([
    'POST',
    '/loki/api/v1/push',
    'application/json',
  ]);
  const push = JSON.parse(request.text) as Push;
  for (const { stream, values } of push.streams) {
    for (const [name, value] of Object.entries(stream)) {
      expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
      expect(value).not.toBe('');
    }
    for (const [time, line, metadata] of values) {
      expect(time).toMatch(/^\d{1,19}$/);
      expect(typeof line).toBe('string');
      for (const value of Object.values(metadata ?? {})) expect(typeof value).toBe('string');
    }
  }
  return push;
}

const namesIn = (request: FakeRequest): string[] =>
  readPush(request).streams.flatMap(({ values }) => values.map(([, line]) => JSON.parse(line).PolicyName));

async function receiver(
  answer: (request: FakeRequest, count: number) => FakeAnswer | Promise<FakeAnswer>,
): Promise<FakeReceiver> {
  const server = await startFakeReceiver(answer);
  cleanups.push(() => server.close());
  return server;
}

test(
  'events of equal labels share a stream; what has many values is metadata',
  async () => {
    const server = await receiver(() => ({ status: 204 }));
    const sink = sinkTo(`${server.url}/loki/api/v1/push`, { tenant: 'blue', extraLabels: { env: 'prod' } });
    const log: SinkRecord = { kind: 'logs', event: Log.create({ Timestamp: 5, Source: '/bin/ls\n' }) };
    const batch = [record('one'), log, record('two', { PodName: 'oven-2' })];
    expect(await sink.deliver(batch, never)).toEqual({ kind: 'delivered', rejected: [] });
    const [request] = server.requests;
    expect(request?.headers).toMatchObject({ 'x-scope-orgid': 'blue', 'content-encoding': 'gzip' });
    const metadata = {
      pod: 'oven-1',
      policy: 'one',
      operation: 'File',
      action: 'Block',
      severity: '7',
      result: 'Permission denied',
    };
    expect(readPush(request!)).toEqual({
      streams: [
        {
          stream: {
            cluster: 'lab-north',
            env: 'prod',
            kind: 'alert',
            level: 'error',
            namespace: 'bakery',
            service_name: 'kubearmor',
          },
          values: [
            ['1785400000112233000', expect.stringContaining('"PolicyName":"one"'), metadata],
            [
              '1785400000112233000',
              expect.stringContaining('"PolicyName":"two"'),
              { ...metadata, pod: 'oven-2', policy: 'two' },
            ],
          ],
        },
        {
          stream: { env: 'prod', kind: 'log', level: 'info', service_name: 'kubearmor' },
          values: [['5000000000', '{"Timestamp":5,"PPID":0,"UID":0,"Source":"/bin/ls\\n"}']],
        },
      ],
    });
  },
  slowMachineMs,
);

test(
  'lines that are too old are rejected at once, the others are sent again',
  async () => {
    const server = await receiver(() => ({
      status: 400,
      body: `entry for stream '{kind="alert"}' has timestamp too old: 1970-01-01T00:00:05Z, oldest acceptable timestamp is: 2026-07-23T08:26:40Z\n`,
    }));
    const old = (name: string): SinkRecord => record(name, { UpdatedTime: '', Timestamp: 5 });
    expect(await sinkTo(server.url).deliver([old('a'), record('b'), old('c')], never)).toMatchObject({
      kind: 'retry',
      afterMs: 0,
      indexes: [1],
      rejected: [{ index: 0, reason: expect.stringContaining('too old') }, { index: 2 }],
    });
    expect(server.requests).toHaveLength(1);
  },
  slowMachineMs,
);

test(
  'the line that Loki does not take is found by halves and rejected with its words',
  async () => {
    const server = await receiver((request) =>
      namesIn(request).includes('bad')
        ? {
            status: 400,
            body: "entry with timestamp 2026-07-30 08:26:40 +0000 UTC ignored, reason: 'entry too far behind, oldest acceptable timestamp is: 2026-07-30T09:00:00Z'",
          }
        : { status: 204 },
    );
    const batch = ['a', 'b', 'c', 'bad', 'e'].map((name) => record(name));
    expect(await sinkTo(server.url).deliver(batch, never)).toEqual({
      kind: 'delivered',
      rejected: [{ index: 3, reason: expect.stringContaining('entry too far behind') }],
    });
  },
  slowMachineMs,
);

test.each<[string, FakeAnswer, object]>([
  [
    'a rate limit',
    { status: 429, headers: { 'retry-after': '4' }, body: 'Ingestion rate limit exceeded' },
    { afterMs: 4000 },
  ],
  ['a full ingester', { status: 500, body: 'at least 2 live replicas required' }, {}],
  ['no tenant', { status: 401, body: 'no org id' }, {}],
  ['a wrong path', { status: 404 }, {}],
  ['a page with status 200', { status: 200, body: '<html>' }, {}],
  ['half an answer', 'half an answer', {}],
  ['silence', 'silence', {}],
])(
  '%s keeps the events',
  async (_name, answer, more) => {
    const server = await receiver(() => answer);
    const delivery = await sinkTo(server.url, { timeoutMs: 300 }).deliver([record('a'), record('b')], never);
    expect(delivery).toEqual({ kind: 'retry', reason: expect.any(String), ...more });
    expect(server.requests).toHaveLength(1);
  },
  slowMachineMs,
);

test.each([
  [{ labels: ['pod'] }, 'sinks[0].labels must be a list of cluster, namespace'],
  [{ extraLabels: { 'a-b': 'c' } }, 'sinks[0].extraLabels must have names'],
  [{ password: 'x' }, 'sinks[0].user and password are given together or not at all'],
])('a configuration with %j is refused by name', (settings, message) => {
  expect(() => configOf({ url: 'http://x', ...settings })).toThrow(message);
});
