import { startFakeReceiver } from '@kubearmor-ts/fake-receiver';
import type { FakeAnswer, FakeReceiver, FakeRequest } from '@kubearmor-ts/fake-receiver';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert, Log } from '@kubearmor-ts/proto';
import type { Sink, SinkRecord } from '@kubearmor-ts/sink';
import { createElasticSink, readElasticConfig, templateVersion } from './index.ts';

const slowMachineMs = 30_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const record = (name: string): SinkRecord => ({
  kind: 'alerts',
  event: Alert.create({ UpdatedTime: '2026-07-30T08:26:40.112233Z', PolicyName: name, Source: 'a\n"b"<c>' }),
});

function configOf(settings: Record<string, unknown>) {
  const config = readElasticConfig(settings, 'sinks[0]');
  if (!config.ok) throw new Error(config.error.map((error) => error.message).join('; '));
  return config.value;
}

function sinkTo(url: string, settings: Record<string, unknown> = {}): Sink {
  const config = configOf({ url, template: 'none', ...settings });
  const sink = createElasticSink({ config, clock: createRealClock(), env: {} });
  cleanups.push(() => sink.close());
  return sink;
}

async function receiver(
  answer: (request: FakeRequest, count: number) => FakeAnswer | Promise<FakeAnswer>,
): Promise<FakeReceiver> {
  const server = await startFakeReceiver(answer);
  cleanups.push(() => server.close());
  return server;
}

const linesOf = ({ text }: FakeRequest) => {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line));
};
const items = (...statuses: readonly (number | object)[]) => ({
  body: {
    errors: true,
    items: statuses.map((status) => ({ create: typeof status === 'number' ? { status } : status })),
  },
});
const bad = { status: 400, error: { type: 'document_parsing_exception', reason: 'failed to parse\n[x]' } };

test(
  'alerts and logs are created under an id of their own, in the stream of their kind',
  async () => {
    const server = await receiver(() => items(201, 201));
    const sink = sinkTo(server.url, { user: 'elastic', password: 'hush', pipeline: 'geo' });
    const log: SinkRecord = { kind: 'logs', event: Log.create({ Timestamp: 5, Source: '/bin/ls' }) };
    expect(await sink.deliver([record('one'), log], never)).toEqual({ kind: 'delivered', rejected: [] });
    const [request] = server.requests;
    expect(request?.path).toMatch(/^\/_bulk\?filter_path=.*&pipeline=geo$/);
    expect(request?.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      authorization: `Basic ${Buffer.from('elastic:hush').toString('base64')}`,
    });
    const lines = linesOf(request!);
    expect(lines).toEqual([
      { create: { _index: 'logs-kubearmor.alerts-default', _id: expect.stringMatching(/^[0-9a-f]{32}$/) } },
      expect.objectContaining({
        '@timestamp': '2026-07-30T08:26:40.112233Z',
        PolicyName: 'one',
        Source: 'a\n"b"<c>',
      }),
      { create: { _index: 'logs-kubearmor.logs-default', _id: expect.any(String) } },
      { '@timestamp': '1970-01-01T00:00:05.000000Z', Timestamp: 5, PPID: 0, UID: 0, Source: '/bin/ls' },
    ]);
    expect(lines[0].create._id).not.toBe(lines[2].create._id);
  },
  slowMachineMs,
);

test(
  'every item is read: done, there already, to be tried again, rejected',
  async () => {
    const server = await receiver(() =>
      items(201, 409, bad, { status: 429, error: { type: 'es_rejected_execution_exception' } }, 503, 201),
    );
    const batch = ['a', 'b', 'c', 'd', 'e', 'f'].map(record);
    expect(await sinkTo(server.url).deliver(batch, never)).toEqual({
      kind: 'retry',
      reason: '429 es_rejected_execution_exception',
      indexes: [3, 4],
      rejected: [{ index: 2, reason: '400 document_parsing_exception: failed to parse [x]' }],
    });
  },
  slowMachineMs,
);

test(
  'the same event has the same id in every try',
  async () => {
    const server = await receiver((_request, count) => (count === 1 ? { status: 503 } : items(409)));
    const sink = sinkTo(server.url);
    expect(await sink.deliver([record('one')], never)).toMatchObject({ kind: 'retry' });
    expect(await sink.deliver([record('one')], never)).toEqual({ kind: 'delivered', rejected: [] });
    const [first, second] = server.requests.map((request) => linesOf(request)[0].create._id);
    expect(second).toBe(first);
  },
  slowMachineMs,
);

test.each<[string, FakeAnswer]>([
  ['429 for all', { status: 429, body: 'slow down' }],
  ['500', { status: 500 }],
  ['401', { status: 401 }],
  ['a redirect', { status: 301, headers: { location: 'http://127.0.0.1:1/' } }],
  ['200 with fewer items than documents', items(201)],
  ['200 with garbage', { body: '<html>' }],
  ['200 with items that say nothing', { body: { errors: false, items: [{}, {}] } }],
  ['200 without an end', 'endless'],
  ['half an answer', 'half an answer'],
  ['silence', 'silence'],
])(
  '%s proves nothing: the whole batch is sent again',
  async (_name, answer) => {
    const server = await receiver(() => answer);
    const delivery = await sinkTo(server.url, { timeoutMs: 300 }).deliver([record('a'), record('b')], never);
    expect(delivery).toEqual({ kind: 'retry', reason: expect.any(String) });
    expect(server.requests).toHaveLength(1);
  },
  slowMachineMs,
);

test(
  'a request larger than the receiver takes is halved',
  async () => {
    const server = await receiver((request) => {
      const documents = linesOf(request).length / 2;
      return documents > 2 ? { status: 413 } : items(...Array.from({ length: documents }, () => 201));
    });
    const delivery = await sinkTo(server.url).deliver(['a', 'b', 'c', 'd', 'e'].map(record), never);
    expect(delivery).toEqual({ kind: 'delivered', rejected: [] });
    expect(server.requests.map((request) => linesOf(request).length / 2)).toEqual([5, 2, 3, 1, 2]);
  },
  slowMachineMs,
);

test(
  'the template is put before the first document, once, and not over a newer one',
  async () => {
    const versions = [templateVersion - 1, templateVersion];
    for (const version of versions) {
      const server = await receiver((request) => {
        if (request.path.startsWith('/_bulk')) return items(201);
        if (request.method === 'PUT') return { body: { acknowledged: true } };
        return { body: { index_templates: [{ index_template: { version } }] } };
      });
      const sink = sinkTo(server.url, { template: 'data-stream' });
      for (const name of ['a', 'b']) await sink.deliver([record(name)], never);
      const puts = version < templateVersion ? ['PUT /_index_template/kubearmor-ts'] : [];
      expect(server.requests.map(({ method, path }) => `${method} ${path.split('?')[0]!}`)).toEqual([
        'GET /_index_template/kubearmor-ts',
        ...puts,
        'POST /_bulk',
        'POST /_bulk',
      ]);
    }
  },
  slowMachineMs,
);

test(
  'without the right to put the template nothing is written, and the events stay',
  async () => {
    const server = await receiver(() => ({ status: 403, body: 'security_exception' }));
    expect(await sinkTo(server.url, { template: 'index' }).deliver([record('a')], never)).toEqual({
      kind: 'retry',
      reason: 'index template: HTTP 403: security_exception',
    });
    expect(server.requests.map(({ method }) => method)).toEqual(['GET']);
  },
  slowMachineMs,
);

test.each([
  [{ user: 'x' }, 'sinks[0].user and password are given together or not at all'],
  [{ apiKey: 'a', bearer: 'b' }, 'sinks[0].apiKey is one of several ways to authenticate: give one'],
  [{ alerts: 'Logs-x' }, 'sinks[0].alerts must be a name in lower case'],
  [{ logs: '../x' }, 'sinks[0].logs must be a name in lower case'],
])('a configuration with %j is refused by name', (settings, message) => {
  expect(() => configOf({ url: 'http://x', ...settings })).toThrow(message);
});
