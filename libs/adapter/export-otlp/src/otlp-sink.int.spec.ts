import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeReceiver } from '@kubearmor-ts/fake-receiver';
import type { FakeAnswer, FakeReceiver, FakeRequest } from '@kubearmor-ts/fake-receiver';
import { FakeClock, createRealClock } from '@kubearmor-ts/life';
import { Alert, ExportLogsServiceRequest } from '@kubearmor-ts/proto';
import type { Sink, SinkRecord } from '@kubearmor-ts/sink';
import { until } from '@kubearmor-ts/until';
import {
  AlertCounts,
  createOtlpMetricsExporter,
  createOtlpSink,
  readOtlpConfig,
  readOtlpMetricsConfig,
} from './index.ts';

const slowMachineMs = 30_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const record = (name: string): SinkRecord => ({ kind: 'alerts', event: Alert.create({ PolicyName: name }) });

function sinkTo(url: string, settings: Record<string, unknown> = {}): Sink {
  const config = readOtlpConfig({ url, ...settings }, 'sinks[0]');
  if (!config.ok) throw new Error(config.error.map((error) => error.message).join('; '));
  const sink = createOtlpSink({ config: config.value, clock: createRealClock(), env: { TENANT: 'blue' } });
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

const recordsIn = ({ body }: FakeRequest): number =>
  ExportLogsServiceRequest.decode(body).resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) => logRecords),
  ).length;
/** ExportLogsServiceResponse{partial_success{rejected_log_records, error_message: "no"}} */
const partial = (rejected: number): FakeAnswer => ({
  body: Buffer.from([0x0a, 0x06, 0x08, rejected, 0x12, 0x02, 0x6e, 0x6f]),
});

test(
  'events go to the path of logs with secrets from file and environment',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'otlp-'));
    cleanups.push(() => rmSync(dir, { recursive: true }));
    const file = join(dir, 'token');
    writeFileSync(file, 'Bearer hush\n');
    const server = await receiver(() => ({}));
    const sink = sinkTo(`${server.url}/tenant-1/`, {
      headers: { authorization: { file }, 'x-tenant': { env: 'TENANT' } },
    });
    expect(await sink.deliver([record('a'), record('b')], never)).toEqual({
      kind: 'delivered',
      rejected: [],
    });
    const [request] = server.requests;
    expect(request).toMatchObject({
      path: '/tenant-1/v1/logs',
      headers: { authorization: 'Bearer hush', 'x-tenant': 'blue', 'content-encoding': 'gzip' },
    });
    expect(recordsIn(request!)).toBe(2);
  },
  slowMachineMs,
);

test(
  'a partial success is told by its count, since OTLP names no records; all of a batch is all of them',
  async () => {
    const server = await receiver((_request, count) => partial(count === 1 ? 1 : 2));
    const sink = sinkTo(server.url);
    expect(await sink.deliver([record('a'), record('b')], never)).toEqual({
      kind: 'delivered',
      rejected: [],
      unnamed: { count: 1, reason: 'no' },
    });
    expect(await sink.deliver([record('a'), record('b')], never)).toEqual({
      kind: 'delivered',
      rejected: [
        { index: 0, reason: 'no' },
        { index: 1, reason: 'no' },
      ],
    });
  },
  slowMachineMs,
);

test.each<[string, FakeAnswer, object]>([
  ['busy', { status: 429, headers: { 'retry-after': '3' } }, { afterMs: 3000 }],
  ['unavailable', { status: 503 }, {}],
  ['a wrong token', { status: 401 }, {}],
  ['a wrong path', { status: 404 }, {}],
  ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, {}],
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

test(
  'what the receiver finds too large or cannot read is found by halves',
  async () => {
    const server = await receiver((request) => {
      if (recordsIn(request) > 2) return { status: 413 };
      return request.text.includes('poison') ? { status: 400 } : {};
    });
    expect(await sinkTo(server.url).deliver(['a', 'b', 'poison', 'd'].map(record), never)).toEqual({
      kind: 'delivered',
      rejected: [{ index: 2, reason: 'HTTP 400' }],
    });
  },
  slowMachineMs,
);

test(
  'an event that cannot be encoded is rejected and does not hold the others',
  async () => {
    const server = await receiver(() => ({}));
    const broken = {
      kind: 'alerts',
      event: { ...record('x').event, EventData: null },
    } as unknown as SinkRecord;
    expect(await sinkTo(server.url).deliver([record('a'), broken, record('c')], never)).toEqual({
      kind: 'delivered',
      rejected: [{ index: 1, reason: expect.stringContaining('cannot be encoded') }],
    });
    expect(server.requests.map(recordsIn).reduce((sum, count) => sum + count, 0)).toBe(2);
  },
  slowMachineMs,
);

test('counts of alerts are bounded, and what is beyond is one series', () => {
  const counts = new AlertCounts(2);
  for (const name of ['a', 'b', 'a', 'c', 'd']) counts.add(Alert.create({ PolicyName: name }));
  expect(counts.read()).toEqual([
    { attributes: { 'security_rule.name': 'a' }, count: 2 },
    { attributes: { 'security_rule.name': 'b' }, count: 1 },
    { attributes: { 'otel.metric.overflow': true }, count: 2 },
  ]);
});

test(
  'metrics are pushed at every interval and at the stop; a push that failed is told once and the next says it all',
  async () => {
    let isDown = true;
    const server = await receiver(() => ({ status: isDown ? 503 : 200 }));
    const config = readOtlpMetricsConfig({ url: server.url, intervalMs: 1000 }, 'metrics');
    if (!config.ok) throw new Error(config.error.map((error) => error.message).join('; '));
    const clock = new FakeClock();
    const states: string[] = [];
    const exporter = createOtlpMetricsExporter({
      config: config.value,
      clock,
      env: {},
      resource: {},
      read: () => [],
      onState: (isHealthy, reason) => states.push(`${String(isHealthy)} ${reason}`),
    });
    await exporter.start(never);
    for (const count of [1, 2]) {
      await clock.advance(1000);
      await until(() => exporter.counts().pushes + exporter.counts().failures >= count);
    }
    isDown = false;
    await clock.advance(1000);
    await until(() => exporter.counts().pushes + exporter.counts().failures >= 3);
    await exporter.stop();
    expect(exporter.counts()).toEqual({ pushes: 2, failures: 2, rejectedPoints: 0 });
    expect(states).toEqual(['false HTTP 503', 'true ']);
    expect(server.requests.map(({ path }) => path)).toEqual(Array.from({ length: 4 }, () => '/v1/metrics'));
  },
  slowMachineMs,
);

test.each([
  [{}, 'sinks[0].url is required'],
  [{ url: 'http://x/v1/logs', protocol: 'grpc' }, 'sinks[0].url must have no path for gRPC'],
  [{ url: 'x:4317' }, 'sinks[0].url must be an http or https URL'],
])('a configuration with %j is refused by name', (settings, message) => {
  const config = readOtlpConfig(settings, 'sinks[0]');
  expect(config.ok ? [] : config.error.map((error) => error.message)).toContain(message);
});
