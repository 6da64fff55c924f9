import { startFakeReceiver } from '@kubearmor-ts/fake-receiver';
import type { FakeAnswer, FakeReceiver, FakeRequest } from '@kubearmor-ts/fake-receiver';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import type { Sink, SinkRecord } from '@kubearmor-ts/sink';
import { createSplunkSink, readSplunkConfig } from './index.ts';

const slowMachineMs = 30_000;
const never = new AbortController().signal;
const channel = '11111111-2222-3333-4444-555555555555';
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const record = (name: string): SinkRecord => ({
  kind: 'alerts',
  event: Alert.create({
    Timestamp: 1_785_400_000,
    UpdatedTime: '2026-07-30T08:26:40.112233Z',
    HostName: 'edge-4',
    PolicyName: name,
    Source: '/bin/cat <a>\n"b"',
  }),
});

function sinkTo(url: string, settings: Record<string, unknown> = {}): Sink {
  const config = readSplunkConfig(
    { url, token: 'hush', ackPollMs: 10, ackTimeoutMs: 1000, ...settings },
    'sinks[0]',
  );
  if (!config.ok) throw new Error(config.error.map((error) => error.message).join());
  const sink = createSplunkSink({ config: config.value, clock: createRealClock(), env: {}, channel });
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

/** Several objects, one after the other, as the event endpoint reads them. */
const eventsOf = (request: FakeRequest | undefined): { event: { PolicyName: string } }[] =>
  (request?.text ?? '').split('\n').map((line) => JSON.parse(line));
const namesIn = (request: FakeRequest): string[] => eventsOf(request).map(({ event }) => event.PolicyName);
const isAck = ({ path }: FakeRequest): boolean => path.startsWith('/services/collector/ack');
const taken = { body: { text: 'Success', code: 0 } };

test(
  'an event arrives with its time, host, index, source and body',
  async () => {
    const server = await receiver(() => taken);
    const sink = sinkTo(`${server.url}/services/collector/event`, { index: 'sec' });
    expect(await sink.deliver([record('one')], never)).toEqual({ kind: 'delivered', rejected: [] });
    const [request] = server.requests;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/services/collector/event',
      headers: {
        authorization: 'Splunk hush',
        'content-encoding': 'gzip',
        'x-splunk-request-channel': channel,
      },
    });
    expect(request?.text).toContain('"time":1785400000.112233000,');
    expect(eventsOf(request)).toEqual([
      {
        time: 1_785_400_000.112233,
        host: 'edge-4',
        source: 'kubearmor',
        sourcetype: 'kubearmor:json',
        index: 'sec',
        event: expect.objectContaining({ PolicyName: 'one', Source: '/bin/cat <a>\n"b"' }),
      },
    ]);
  },
  slowMachineMs,
);

test(
  'delivered means acknowledged: the indexers are asked until they say yes',
  async () => {
    const server = await receiver((request, count) =>
      isAck(request)
        ? { body: { acks: { '7': count > 3 } } }
        : { body: { text: 'Success', code: 0, ackId: 7 } },
    );
    expect(await sinkTo(server.url).deliver([record('one')], never)).toEqual({
      kind: 'delivered',
      rejected: [],
    });
    const asked = server.requests.filter(isAck);
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatchObject({
      path: `/services/collector/ack?channel=${channel}`,
      text: '{"acks":[7]}',
    });
  },
  slowMachineMs,
);

test(
  'only what was not acknowledged in time is to be sent again',
  async () => {
    let next = 0;
    const server = await receiver((request) =>
      isAck(request)
        ? { body: { acks: { '0': true, '1': false } } }
        : { body: { text: 'Success', code: 0, ackId: next++ } },
    );
    const sink = sinkTo(server.url, { maxRequestBytes: 1000, ackTimeoutMs: 1000 });
    const batch = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(record);
    const delivery = await sink.deliver(batch, never);
    const [first, second] = server.requests.filter((request) => !isAck(request)).map(namesIn);
    expect([...(first ?? []), ...(second ?? [])].join('')).toMatch(/^abc/);
    expect(delivery).toMatchObject({ kind: 'retry', reason: 'the indexers did not acknowledge in time' });
    const open = delivery.kind === 'retry' ? delivery.indexes : [];
    expect(open).toEqual(batch.map((_, index) => index).slice(first!.length));
  },
  slowMachineMs,
);

test(
  'an acknowledgement endpoint that fails is told as the reason and the events are sent again',
  async () => {
    const server = await receiver((request) =>
      isAck(request)
        ? { status: 400, body: { text: 'ACK is disabled', code: 14 } }
        : { body: { text: 'Success', code: 0, ackId: 1 } },
    );
    expect(await sinkTo(server.url).deliver([record('one')], never)).toEqual({
      kind: 'retry',
      reason: 'acknowledgements cannot be asked for: HTTP 400: {"text":"ACK is disabled","code":14}',
    });
  },
  slowMachineMs,
);

test(
  'the event that Splunk names as bad is rejected, the others are sent again',
  async () => {
    const server = await receiver((request) =>
      namesIn(request).includes('bad')
        ? {
            status: 400,
            body: {
              text: 'Invalid data format',
              code: 6,
              'invalid-event-number': namesIn(request).indexOf('bad'),
            },
          }
        : taken,
    );
    const delivery = await sinkTo(server.url).deliver(['a', 'bad', 'c'].map(record), never);
    expect(delivery).toMatchObject({
      kind: 'retry',
      afterMs: 0,
      indexes: [0, 2],
      rejected: [{ index: 1, reason: expect.stringContaining('Invalid data format') }],
    });
  },
  slowMachineMs,
);

test(
  'a bad event that is not named is found by halves',
  async () => {
    const server = await receiver((request) =>
      namesIn(request).includes('bad')
        ? { status: 400, body: { text: 'Invalid data format', code: 6 } }
        : taken,
    );
    expect(await sinkTo(server.url).deliver(['a', 'b', 'bad', 'c'].map(record), never)).toMatchObject({
      kind: 'delivered',
      rejected: [{ index: 2 }],
    });
  },
  slowMachineMs,
);

test.each<[string, FakeAnswer, object]>([
  [
    'busy',
    { status: 503, headers: { 'retry-after': '3' }, body: { text: 'Server is busy', code: 9 } },
    { afterMs: 3000 },
  ],
  ['a wrong token', { status: 403, body: { text: 'Invalid token', code: 4 } }, {}],
  [
    'a wrong index',
    { status: 400, body: { text: 'Incorrect index', code: 7, 'invalid-event-number': 0 } },
    {},
  ],
  ['an error', { status: 500, body: { text: 'Internal server error', code: 8 } }, {}],
  ['a success without its words', { body: '<html>welcome</html>' }, {}],
  ['an endless answer', 'endless', {}],
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

test(
  'a request that is too large is halved, an event that is too large alone is rejected',
  async () => {
    const server = await receiver((request) => (request.body.length > 500 ? { status: 413 } : taken));
    const large: SinkRecord = { kind: 'alerts', event: Alert.create({ PolicyName: 'x'.repeat(1000) }) };
    expect(await sinkTo(server.url).deliver([record('a'), large, record('b')], never)).toMatchObject({
      kind: 'delivered',
      rejected: [{ index: 1, reason: 'HTTP 413' }],
    });
  },
  slowMachineMs,
);

test('a stop ends the wait for acknowledgements, and the events stay', async () => {
  const stop = new AbortController();
  const server = await receiver((request) => {
    if (!isAck(request)) return { body: { text: 'Success', code: 0, ackId: 1 } };
    stop.abort();
    return { body: { acks: { '1': false } } };
  });
  const delivery = await sinkTo(server.url, { ackTimeoutMs: 600_000, ackPollMs: 60_000 }).deliver(
    [record('one')],
    stop.signal,
  );
  expect(delivery.kind).toBe('retry');
});
