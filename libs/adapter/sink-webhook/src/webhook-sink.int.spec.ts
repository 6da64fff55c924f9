import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates, startFakeReceiver } from '@kubearmor-ts/fake-receiver';
import type { FakeAnswer, FakeReceiver, FakeRequest } from '@kubearmor-ts/fake-receiver';
import { createRealClock } from '@kubearmor-ts/life';
import type { Sink, SinkRecord } from '@kubearmor-ts/sink';
import { aLog, anAlert } from '@kubearmor-ts/test-events';
import { createWebhookSink, readWebhookConfig } from './index.ts';

const slowMachineMs = 60_000;
const never = new AbortController().signal;
const named = (...names: string[]): SinkRecord[] =>
  names.map((PolicyName) => ({ kind: 'alerts', event: anAlert({ PolicyName }) }));

let dir: string;
const cleanups: (() => unknown)[] = [];
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'ka-webhook-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Answer = (request: FakeRequest, count: number) => FakeAnswer;

async function receiver(
  answer: Answer = () => ({}),
  tls?: Parameters<typeof startFakeReceiver>[1],
): Promise<FakeReceiver> {
  const started = await startFakeReceiver(answer, tls);
  cleanups.push(() => started.close());
  return started;
}

function sinkTo(value: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}): Sink {
  const read = readWebhookConfig(value, 's');
  if (!read.ok) throw new Error(read.error[0]!.message);
  const sink = createWebhookSink({ config: read.value, clock: createRealClock(), env });
  cleanups.push(() => sink.close());
  return sink;
}

const parsed = (request: FakeRequest | undefined): unknown => JSON.parse(request!.text);
const policiesOf = (request: FakeRequest): string[] =>
  (parsed(request) as { PolicyName: string }[]).map((event) => event.PolicyName);

test(
  'a batch is a list of events under their own field names',
  async () => {
    const { url, requests } = await receiver();
    const sink = sinkTo({ url: `${url}/hook?team=blue`, headers: { 'X-Tenant': 'red' } });
    expect(await sink.deliver(named('a', 'b'), never)).toEqual({ kind: 'delivered', rejected: [] });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/hook?team=blue' });
    expect(requests[0]!.headers).toMatchObject({ 'content-type': 'application/json', 'x-tenant': 'red' });
    expect(policiesOf(requests[0]!)).toEqual(['a', 'b']);
  },
  slowMachineMs,
);

test.each(['json', 'cloudevents', 'cloudevents-batch'])(
  'a %s event that would be too long has its longest text cut, with a mark, and is counted',
  async (style) => {
    const { url, requests } = await receiver();
    const sink = sinkTo({ url, style, maxEventBytes: 4000 });
    const event = anAlert({ Resource: `/${'é'.repeat(50_000)}` });
    expect(await sink.deliver([{ kind: 'alerts', event }], never)).toEqual({
      kind: 'delivered',
      rejected: [],
    });
    expect(JSON.stringify(parsed(requests[0]))).toMatch(/é\.\.\.\[\+\d+\]/);
    expect(Buffer.byteLength(requests[0]!.text)).toBeLessThan(6000);
    expect(sink.counts?.()).toEqual({ cut: 1 });
  },
  slowMachineMs,
);

test(
  'a request is signed over its time and its body, and the secret is read anew',
  async () => {
    const { url, requests } = await receiver();
    const file = join(dir, 'secret');
    writeFileSync(file, 'first\n');
    const sink = sinkTo({ url, signingSecretFile: file, compression: 'gzip' });
    await sink.deliver(named('a'), never);
    writeFileSync(file, 'second\n');
    await sink.deliver(named('b'), never);
    const valid = requests.map(({ headers, text }, index) => {
      const timestamp = headers['x-kubearmor-timestamp']!;
      expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(120);
      const secret = ['first', 'second'][index]!;
      const digest = createHmac('sha256', secret).update(`${timestamp}.${text}`).digest('hex');
      return headers['x-kubearmor-signature'] === `v1=${digest}`;
    });
    expect(valid).toEqual([true, true]);
    rmSync(file);
    expect(await sink.deliver(named('c'), never)).toMatchObject({ kind: 'retry' });
    expect(requests).toHaveLength(2);
  },
  slowMachineMs,
);

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['a token', { tokenEnv: 'HOOK_TOKEN' }, 'Bearer t0ken'],
  ['user and password', { user: 'u', password: 'p:w' }, `Basic ${Buffer.from('u:p:w').toString('base64')}`],
])(
  '%s is sent as people expect',
  async (_name, value, header) => {
    const { url, requests } = await receiver();
    await sinkTo({ url, ...value }, { HOOK_TOKEN: 't0ken' }).deliver(named('a'), never);
    expect(requests[0]!.headers['authorization']).toBe(header);
  },
  slowMachineMs,
);

test(
  'CloudEvents: one in a request, or a list of them, with ids that stay',
  async () => {
    const { url, requests } = await receiver();
    await sinkTo({ url, style: 'cloudevents' }).deliver(named('a', 'b'), never);
    await sinkTo({ url, style: 'cloudevents-batch', format: 'ecs' }).deliver(named('a', 'b'), never);
    const [first, second] = requests.slice(0, 2).map(parsed) as Record<string, unknown>[];
    expect(requests[0]!.headers['content-type']).toBe('application/cloudevents+json');
    expect(first).toMatchObject({
      specversion: '1.0',
      type: 'io.kubearmor.alert.v1',
      source: '/kubearmor/lab-north/edge-4',
      subject: 'bakery/oven-7c9d-q2m5z/oven',
      datacontenttype: 'application/json',
      data: { PolicyName: 'a', Action: 'Block' },
    });
    expect(first!['id']).not.toBe(second!['id']);
    const list = parsed(requests[2]) as Record<string, unknown>[];
    expect(requests[2]!.headers['content-type']).toBe('application/cloudevents-batch+json');
    expect(list.map(({ id }) => id)).toEqual([first!['id'], second!['id']]);
    expect(list[0]).toMatchObject({ data: { rule: { name: 'a' } } });
  },
  slowMachineMs,
);

test(
  'Slack: one message for the batch, at a path that is shown nowhere, in which nothing formats or mentions',
  async () => {
    const { url, requests } = await receiver((_request, count) =>
      count === 1 ? {} : { status: 403, body: 'no' },
    );
    const sink = sinkTo(
      { url, style: 'slack', pathEnv: 'SLACK_PATH' },
      { SLACK_PATH: 'services/T0/B0/s3cret' },
    );
    const event = anAlert({ Message: '<!channel> <http://evil.test|safe> *bold* \n forged', Severity: '9' });
    const logs = Array.from({ length: 30 }, (): SinkRecord => ({ kind: 'logs', event: aLog() }));
    expect((await sink.deliver([...logs, { kind: 'alerts', event }], never)).kind).toBe('delivered');
    expect(requests[0]!.path).toBe('/services/T0/B0/s3cret');
    const lines = (parsed(requests[0]) as { text: string }).text.split('\n');
    expect(lines[0]).toBe('KubeArmor: 1 alert and 30 logs');
    expect(lines[1]).toContain('[severity 9]');
    expect(lines[1]).toContain('&lt;!channel&gt; &lt;http://evil.test|safe&gt; *\u2060bold*\u2060');
    expect(lines).toHaveLength(22);
    expect(lines[21]).toBe('and 11 more');
    expect(JSON.stringify([sink.target, await sink.deliver(logs, never)])).not.toContain('s3cret');
  },
  slowMachineMs,
);

test(
  'Teams: one card for the batch',
  async () => {
    const { url, requests } = await receiver(() => ({ status: 202 }));
    const event = anAlert({ Message: '[safe](http://evil.test)' });
    expect((await sinkTo({ url, style: 'teams' }).deliver([{ kind: 'alerts', event }], never)).kind).toBe(
      'delivered',
    );
    const card = parsed(requests[0]) as {
      attachments: { contentType: string; content: { body: { text: string }[] } }[];
    };
    expect(card.attachments[0]!.contentType).toBe('application/vnd.microsoft.card.adaptive');
    expect(card.attachments[0]!.content.body[1]!.text).toContain('\\[safe\\]\\(http://evil.test\\)');
  },
  slowMachineMs,
);

test.each<[string, FakeAnswer, object]>([
  [
    'is busy and names a time',
    { status: 429, headers: { 'retry-after': '7' } },
    { kind: 'retry', afterMs: 7000 },
  ],
  ['is away', { status: 503 }, { kind: 'retry' }],
  ['does not know the token', { status: 401 }, { kind: 'retry' }],
  ['is gone', { status: 410 }, { kind: 'retry' }],
  ['redirects', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, { kind: 'retry' }],
  ['is silent', 'silence', { kind: 'retry' }],
  ['breaks off', 'half an answer', { kind: 'retry' }],
  ['answers garbage without end', 'endless', { kind: 'delivered' }],
])(
  'a receiver that %s',
  async (_name, answer, expected) => {
    const { url, requests } = await receiver(() => answer);
    const sink = sinkTo({ url, timeoutMs: 1000 });
    expect(await sink.deliver(named('a', 'b'), never)).toMatchObject(expected);
    expect(requests).toHaveLength(1);
  },
  slowMachineMs,
);

test(
  'nobody there is a retry',
  async () => {
    expect((await sinkTo({ url: 'http://127.0.0.1:1' }).deliver(named('a'), never)).kind).toBe('retry');
  },
  slowMachineMs,
);

test(
  'the one event a receiver refuses is found and rejected, the others arrive in order',
  async () => {
    const taken: string[] = [];
    const { url } = await receiver((request) => {
      const policies = policiesOf(request);
      if (policies.includes('bad')) return { status: 422, body: 'bad event' };
      taken.push(...policies);
      return {};
    });
    const delivery = await sinkTo({ url }).deliver(named('a', 'b', 'bad', 'c'), never);
    expect(delivery).toEqual({ kind: 'delivered', rejected: [{ index: 2, reason: 'HTTP 422: bad event' }] });
    expect(taken).toEqual(['a', 'b', 'c']);
  },
  slowMachineMs,
);

test(
  'an event that cannot be told is rejected, and the places of the others are those of the batch',
  async () => {
    const { url } = await receiver((_request, count) => ({ status: count === 1 ? 200 : 503 }));
    const broken = { kind: 'alerts', event: { ...anAlert(), EventData: null } } as unknown as SinkRecord;
    const sink = sinkTo({ url, style: 'cloudevents' });
    expect(await sink.deliver([broken, ...named('a', 'b')], never)).toMatchObject({
      kind: 'retry',
      indexes: [2],
      rejected: [{ index: 0 }],
    });
  },
  slowMachineMs,
);

test(
  'requests keep to their size',
  async () => {
    const { url, requests } = await receiver();
    const sink = sinkTo({ url, maxRequestBytes: 3000 });
    expect((await sink.deliver(named('a', 'b', 'c', 'd', 'e'), never)).kind).toBe('delivered');
    expect(requests.every(({ body }) => body.length <= 3000)).toBe(true);
    expect(requests.flatMap(policiesOf)).toEqual(['a', 'b', 'c', 'd', 'e']);
  },
  slowMachineMs,
);

test(
  'TLS: an authority and a client certificate of one’s own; without them nothing is sent',
  async () => {
    const { server, ca, caFile, client } = makeCertificates(dir);
    const { url, requests } = await receiver(() => ({}), { key: server.key, cert: server.cert, ca });
    expect((await sinkTo({ url }).deliver(named('a'), never)).kind).toBe('retry');
    expect((await sinkTo({ url, tls: { caFile } }).deliver(named('a'), never)).kind).toBe('retry');
    expect(requests).toHaveLength(0);
    expect((await sinkTo({ url, tls: { caFile, ...client } }).deliver(named('a'), never)).kind).toBe(
      'delivered',
    );
    expect(requests[0]!.clientName).toBe('relay');
  },
  slowMachineMs,
);

test.each<[string, unknown, string]>([
  ['no address', {}, 'sinks[2].url is required'],
  [
    'an address with a password',
    { url: 'https://u:p@x.test' },
    'sinks[2].url must be a URL without a user or password in it',
  ],
  [
    'a format that is no JSON',
    { url: 'https://x.test', format: 'cef' },
    'sinks[2].format must be one of json, ecs, ocsf, ocsf-activity',
  ],
  [
    'two ways to log in',
    { url: 'https://x.test', token: 't', user: 'u', password: 'p' },
    'sinks[2].token cannot be together with user and password',
  ],
  ['half of one', { url: 'https://x.test', user: 'u' }, 'sinks[2].password is required with the other'],
  [
    'a secret given twice',
    { url: 'https://x.test', token: 't', tokenFile: '/f' },
    'sinks[2].token must be given once, not as token and tokenFile',
  ],
])('%s is refused by the name of the key', (_name, value, message) => {
  const read = readWebhookConfig(value, 'sinks[2]');
  expect(read.ok ? [] : read.error.map((error) => error.message)).toContain(message);
});

test(
  'a webhook takes many events a second',
  async () => {
    const { url } = await receiver();
    const sink = sinkTo({ url });
    const batch = Array.from({ length: 100 }, () => named('many')[0]!);
    const total = 5000;
    const before = process.cpuUsage();
    const startMs = performance.now();
    for (let sent = 0; sent < total; sent += batch.length)
      expect((await sink.deliver(batch, never)).kind).toBe('delivered');
    const seconds = (performance.now() - startMs) / 1000;
    const { user, system } = process.cpuUsage(before);
    const perCpu = Math.round(total / ((user + system) / 1e6));
    const rate = `${String(Math.round(total / seconds))} events/s`;
    console.log(`webhook: ${rate}, ${String(perCpu)} a second of CPU, sender and receiver together`);
  },
  slowMachineMs,
);
