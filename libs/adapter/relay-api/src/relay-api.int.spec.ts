import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@kubearmor-ts/certificates';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import { until } from '@kubearmor-ts/until';
import { createLiveEvents, createRelayApi, createTokenFile } from './index.ts';
import type { EventReader, RelayApiOptions } from './index.ts';

/** A loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 60_000;
const slowTest = (name: string, run: () => Promise<void>): void => test(name, run, slowMachineMs);
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type EventsQuery = Parameters<EventReader['events']>[0];
type SummariesQuery = Parameters<EventReader['summaries']>[0];

/** A reader that holds what it is given; it answers resumes as the store does and remembers what else was asked. */
class ListReader implements EventReader {
  lastSeq = 0;
  readonly asked: (EventsQuery | SummariesQuery)[] = [];
  readonly rows: { seq: number; alert: Alert }[] = [];
  failure: Error | undefined;

  add(seq: number, fields: Partial<Alert> = {}): Alert {
    const alert = Alert.create({
      Type: 'MatchedPolicy',
      UpdatedTime: '2026-07-30T08:26:40.112233Z',
      ...fields,
    });
    this.rows.push({ seq, alert });
    this.lastSeq = seq;
    return alert;
  }

  events(query: EventsQuery): ReturnType<EventReader['events']> {
    this.asked.push(query);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const after = query.afterSeq ?? 0;
    const found = this.rows.filter(({ seq }) => seq > after).slice(0, query.limit);
    const isFull = found.length === query.limit;
    return Promise.resolve({
      events: found.map(({ seq, alert }) => ({
        kind: 'alerts',
        seq,
        lastSeq: seq,
        count: 1,
        firstMs: 0,
        lastMs: 1000,
        bytes: Alert.encode(alert).finish(),
      })),
      ...(isFull ? { next: found.at(-1)!.seq } : {}),
      oldestSeq: this.rows[0]?.seq ?? 0,
      lastSeq: this.lastSeq,
    });
  }

  summaries(query: SummariesQuery): ReturnType<EventReader['summaries']> {
    this.asked.push(query);
    const workload = {
      cluster: 'c',
      host: '',
      namespace: 'shop',
      ownerKind: 'Deployment',
      ownerName: 'web',
      container: 'web',
    };
    const row = {
      class: 'file',
      source: '/bin/cat',
      detail: 'read',
      outcome: 'allowed',
      count: 3,
      firstMs: 0,
      lastMs: 1000,
    };
    return Promise.resolve({
      rows: [
        { workload, ...row, target: '/a' },
        { workload: { ...workload }, ...row, target: '/b' },
        { workload: { ...workload, container: 'side' }, ...row, target: '/c' },
      ],
      next: [7, 9],
    });
  }
}

async function serve(options: Partial<RelayApiOptions> = {}, capacity = 1000) {
  const reader = new ListReader();
  const live = createLiveEvents(capacity);
  const failures: unknown[] = [];
  const api = createRelayApi({
    host: '127.0.0.1',
    port: 0,
    reader,
    live,
    clock: createRealClock(),
    readyChecks: () => [{ name: 'agents', isReady: false, reason: 'none at 10.0.0.4' }],
    metrics: () => 'ka_relay_up 1\n',
    onFailure: (_path, failure) => failures.push(failure),
    ...options,
  });
  await api.start(never);
  cleanups.push(() => api.stop());
  const url = `http://127.0.0.1:${String(api.port)}`;
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(url + path, { headers: { connection: 'close', ...headers } });
    const text = await answer.text();
    const isJson = (answer.headers.get('content-type') ?? '').includes('json');
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
  };
  /** What a live event costs the relay: its number, and its place in store and stream. */
  const publish = (seq: number, fields: Partial<Alert> = {}): void =>
    live.publish(seq, 'alerts', reader.add(seq, fields));
  return { api, reader, live, url, ask, publish, failures };
}

/** A client of the stream: messages as they come, comments left out. */
async function openStream(url: string, path: string, headers: Record<string, string> = {}) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = get(url + path, { headers }, resolve);
    call.on('error', reject);
    cleanups.push(() => call.destroy());
  });
  const messages: {
    id?: string;
    event: string;
    data: { id?: number; count?: number; reason?: string; event?: object };
  }[] = [];
  let rest = '';
  const read = (): void => {
    response.setEncoding('utf8');
    response.on('error', () => undefined);
    response.on('data', (text: string) => {
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = Object.fromEntries(
          block
            .split('\n')
            .filter((line) => /^\w+: /.test(line))
            .map((line) => {
              const at = line.indexOf(': ');
              return [line.slice(0, at), line.slice(at + 2)];
            }),
        ) as Record<string, string>;
        if (fields['data'] === undefined) continue;
        messages.push({
          event: fields['event']!,
          data: JSON.parse(fields['data']),
          ...(fields['id'] === undefined ? {} : { id: fields['id'] }),
        });
      }
    });
  };
  const has = async (count: number) => {
    await until(() => messages.length >= count);
    return messages;
  };
  return { response, read, has, messages };
}

slowTest('questions reach the store as they were meant, and events look as karmor prints them', async () => {
  const { ask, reader } = await serve();
  reader.add(4, { Resource: '/run/<x>', PolicyName: 'guard' });
  const { status, body } = await ask(
    '/v1/events?kind=alerts&namespace=shop&minSeverity=5&text=a%20b&since=2026-07-30T08:26:40Z&until=1785400000.5&limit=7',
  );
  expect(status).toBe(200);
  expect(reader.asked[0]).toEqual({
    kind: 'alerts',
    namespace: 'shop',
    minSeverity: 5,
    text: 'a b',
    sinceMs: Date.UTC(2026, 6, 30, 8, 26, 40),
    untilMs: 1_785_400_000_500,
    limit: 7,
  });
  expect(body.events).toEqual([
    {
      id: 4,
      kind: 'alert',
      count: 1,
      firstSeen: '1970-01-01T00:00:00.000Z',
      lastSeen: '1970-01-01T00:00:01.000Z',
      event: {
        UpdatedTime: '2026-07-30T08:26:40.112233Z',
        PPID: 0,
        UID: 0,
        PolicyName: 'guard',
        Type: 'MatchedPolicy',
        Resource: '/run/<x>',
      },
    },
  ]);
});

slowTest('a page names the next, whose cursor leads on and fits only where it came from', async () => {
  const { ask, reader } = await serve();
  for (const seq of [1, 2, 3]) reader.add(seq);
  const { body } = await ask('/v1/events?limit=2');
  await ask(`/v1/events?cursor=${body.next}`);
  expect(reader.asked[1]).toEqual({ beforeSeq: 2, limit: 100 });
  const summaries = await ask('/v1/summaries?class=file');
  expect(
    summaries.body.summaries.map(({ behaviours }: { behaviours: object[] }) => behaviours.length),
  ).toEqual([2, 1]);
  await ask(`/v1/summaries?cursor=${summaries.body.next}`);
  expect(reader.asked[3]).toEqual({ after: [7, 9], limit: 100 });
  expect((await ask(`/v1/summaries?cursor=${body.next}`)).body.error).toMatchObject({ parameter: 'cursor' });
});

slowTest('what is asked wrongly is answered with the parameter, and the store is not asked', async () => {
  const { ask, reader } = await serve();
  const wrong: [string, string][] = [
    ['/v1/events?limit=0', 'limit'],
    ['/v1/events?limit=1001', 'limit'],
    ['/v1/events?limit=1e2', 'limit'],
    ['/v1/events?kind=alert', 'kind'],
    ['/v1/events?since=yesterday', 'since'],
    ['/v1/events?since=2026-99-99T00:00:00Z', 'since'],
    ['/v1/events?namespace=', 'namespace'],
    ['/v1/events?pod=a&pod=b', 'pod'],
    ['/v1/events?cursor=ZTE7RFJPUA', 'cursor'],
    [`/v1/events?text=${'x'.repeat(1025)}`, 'text'],
    ['/v1/events?name%3Cspace=x', 'name<space'],
    ['/v1/events?__proto__=x', '__proto__'],
    ['/v1/summaries?class=files', 'class'],
    ['/v1/events/stream?after=-1', 'after'],
    ['/v1/events/stream?limit=1', 'limit'],
  ];
  for (const [path, parameter] of wrong) {
    const { status, body } = await ask(path);
    expect([path, status, body.error?.code, body.error?.parameter]).toEqual([
      path,
      400,
      'KA_API_BAD_PARAMETER',
      parameter,
    ]);
  }
  expect((await ask('/v1/nothing')).body.error.code).toBe('KA_API_NOT_FOUND');
  expect(
    (await ask('/v1/events', { 'x-long': 'x'.repeat(20_000) }).catch(() => ({ status: 431 }))).status,
  ).toBe(431);
  expect(reader.asked).toEqual([]);
});

slowTest('a store that is busy or broken is said so, without its details', async () => {
  const { ask, reader, failures } = await serve();
  reader.failure = Object.assign(new Error('64 questions wait'), { code: 'KA_STORE_BUSY' });
  const busy = await ask('/v1/events');
  expect([busy.status, busy.body.error.code, busy.headers.get('retry-after')]).toEqual([
    503,
    'KA_API_BUSY',
    '1',
  ]);
  reader.failure = new Error('/var/secret: no such table');
  const broken = await ask('/v1/events');
  expect([broken.status, broken.body.error]).toEqual([
    500,
    { code: 'KA_API_FAILED', message: 'the request failed' },
  ]);
  expect(failures).toContain(reader.failure);
});

slowTest(
  'without a token of the file only health is answered, and tokens change without a restart',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'ka-api-'));
    cleanups.push(() => rmSync(dir, { recursive: true }));
    const path = join(dir, 'tokens');
    const [one, two] = ['first-token-of-the-test', 'second-token-of-the-test'];
    writeFileSync(path, `# who may ask\n${one}\n\n${two}\n`);
    let nowMs = 0;
    const { ask } = await serve({ tokens: createTokenFile(path, () => nowMs) });
    const status = async (authorization?: string) =>
      (await ask('/v1/events', authorization === undefined ? {} : { authorization })).status;
    expect(await status(`Bearer ${one}`)).toBe(200);
    expect(await status(`bearer ${two}`)).toBe(200);
    for (const wrong of [
      undefined,
      'Bearer ',
      `Bearer ${one}x`,
      `Bearer ${one.slice(0, -1)}`,
      `Basic ${one}`,
      one,
    ])
      expect([wrong, await status(wrong)]).toEqual([wrong, 401]);
    const refused = await ask('/metrics');
    expect([refused.body.error.code, refused.headers.get('www-authenticate')]).toEqual([
      'KA_API_UNAUTHORIZED',
      'Bearer',
    ]);
    expect((await ask('/v1/events/stream')).status).toBe(401);
    expect((await ask('/nowhere')).status).toBe(401);
    expect((await ask('/healthz')).body).toBe('ok\n');
    // Reasons may name addresses; a probe needs none.
    expect((await ask('/readyz')).body).toEqual({
      isReady: false,
      checks: [{ name: 'agents', isReady: false }],
    });

    writeFileSync(path, `${two}\n`);
    nowMs += 1000;
    expect([await status(`Bearer ${one}`), await status(`Bearer ${two}`)]).toEqual([401, 200]);
    rmSync(path);
    nowMs += 1000;
    expect(await status(`Bearer ${two}`)).toBe(401);
  },
);

test.each([
  ['', 'holds no token'],
  ['# nothing\n', 'holds no token'],
  ['short\n', 'token 1 has fewer than 16 characters'],
])('a token file with %j is refused at start', (text, message) => {
  const dir = mkdtempSync(join(tmpdir(), 'ka-api-'));
  writeFileSync(join(dir, 'tokens'), text);
  expect(() => createTokenFile(join(dir, 'tokens'), () => 0)).toThrow(message);
  rmSync(dir, { recursive: true });
});

slowTest(
  'with TLS a certificate of the authority lets in, as a token does where there are some',
  async () => {
    const ca = createAuthority((cleanup) => cleanups.push(cleanup));
    const server = ca.issue('server');
    const client = ca.issue('client');
    const stranger = createAuthority((cleanup) => cleanups.push(cleanup)).issue('client');
    const bytes = {
      ca: Buffer.from(ca.certificate),
      certificate: Buffer.from(server.certificate),
      key: Buffer.from(server.key),
    };
    const tls = { current: () => bytes, onChange: () => () => undefined };
    const status = (port: number, own: { certificate: string; key: string } | undefined, token?: string) =>
      new Promise<number | string>((resolve) => {
        const call = httpsRequest(
          {
            host: 'localhost',
            port,
            path: '/v1/events',
            ca: ca.certificate,
            agent: false,
            ...(own === undefined ? {} : { cert: own.certificate, key: own.key }),
            headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
          },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          },
        );
        call.on('error', () => resolve('refused'));
        call.end();
      });
    const strict = await serve({ host: 'localhost', tls });
    expect(await status(strict.api.port, client)).toBe(200);
    expect(await status(strict.api.port, undefined)).toBe('refused');
    expect(await status(strict.api.port, stranger)).toBe('refused');
    const either = await serve({
      host: 'localhost',
      tls,
      tokens: { accepts: (token) => token === 'a-good-token' },
    });
    expect(await status(either.api.port, client)).toBe(200);
    expect(await status(either.api.port, undefined, 'a-good-token')).toBe(200);
    expect(await status(either.api.port, undefined, 'a-bad-token')).toBe(401);
    expect(await status(either.api.port, stranger)).toBe(401);
  },
);

slowTest('who asks too often is told when to come back, probes are not', async () => {
  const { ask } = await serve({ requestsPerMinute: 3 });
  for (let turn = 0; turn < 3; turn++) expect((await ask('/v1/events')).status).toBe(200);
  const { status, body, headers } = await ask('/v1/events');
  expect([status, body.error.code]).toEqual([429, 'KA_API_TOO_MANY']);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  for (let turn = 0; turn < 5; turn++) expect((await ask('/healthz')).status).toBe(200);
});

slowTest('a stream brings events as they come, only those asked for', async () => {
  const { url, publish, live, api } = await serve();
  const stream = await openStream(url, '/v1/events/stream?namespace=shop&minSeverity=5&text=token');
  stream.read();
  await until(() => live.subscribers !== 0);
  publish(1, { NamespaceName: 'shop', Severity: '7', Resource: '/run/token' });
  publish(2, { NamespaceName: 'bank', Severity: '7', Resource: '/run/token' });
  publish(3, { NamespaceName: 'shop', Severity: '4', Resource: '/run/token' });
  publish(4, { NamespaceName: 'shop', Severity: '7', Resource: '/run/other' });
  publish(5, { NamespaceName: 'shop', Severity: '10', Resource: '/x', Message: 'a\ntoken' });
  const messages = await stream.has(2);
  expect(messages.map(({ id, event, data }) => [id, event, data.id])).toEqual([
    ['1', 'event', 1],
    ['5', 'event', 5],
  ]);
  expect(api.counts()).toMatchObject({ streams: 1, streamed: 2, missed: 0 });
});

slowTest('a stream taken up again brings what was missed and then what comes, each once', async () => {
  const { url, publish, reader, live } = await serve();
  for (let seq = 1; seq <= 1203; seq++) reader.add(seq);
  const stream = await openStream(url, '/v1/events/stream?after=1', { 'last-event-id': '3' });
  stream.read();
  await until(() => live.subscribers !== 0);
  publish(1204);
  publish(1205);
  const messages = await stream.has(1202);
  publish(1206);
  await stream.has(1203);
  expect(messages.map(({ id }) => Number(id))).toEqual(Array.from({ length: 1203 }, (_, index) => index + 4));
});

slowTest('what a stream cannot bring any more is said, with its number where that is known', async () => {
  const { url, reader } = await serve();
  reader.add(50);
  const retired = await openStream(url, '/v1/events/stream?after=9');
  retired.read();
  expect((await retired.has(2)).map(({ event, data }) => [event, data.count, data.reason])).toEqual([
    ['missed', 40, 'retired'],
    ['event', 1, undefined],
  ]);
  const unknown = await openStream(url, '/v1/events/stream?after=99');
  unknown.read();
  expect((await unknown.has(1))[0]).toMatchObject({ event: 'missed', data: { reason: 'unknown' } });
});

slowTest(
  'a client that does not read loses its oldest events and is told how many, others lose none',
  async () => {
    const { url, publish, live, api } = await serve({}, 100);
    const slow = await openStream(url, '/v1/events/stream');
    const fast = await openStream(url, '/v1/events/stream');
    fast.read();
    await until(() => live.subscribers >= 2);
    const total = 3000;
    for (let seq = 1; seq <= total; seq++) {
      publish(seq, { Resource: 'x'.repeat(5000) });
      if (seq % 50 === 0) await fast.has(seq);
    }
    expect(fast.messages.every(({ event }) => event === 'event')).toBe(true);
    expect(api.counts().missed).toBeGreaterThan(0);
    slow.read();
    while (slow.messages.at(-1)?.data.id !== total) await new Promise((resolve) => setTimeout(resolve, 2));
    const told = slow.messages
      .filter(({ event }) => event === 'missed')
      .reduce((sum, { data }) => sum + data.count!, 0);
    expect(told).toBe(api.counts().missed);
    expect(slow.messages.filter(({ event }) => event === 'event')).toHaveLength(total - told);
  },
);

slowTest('a client that takes nothing for long is closed, and too many are refused', async () => {
  const { url, ask, publish, live } = await serve({ stallMs: 50, maxStreams: 1 });
  await openStream(url, '/v1/events/stream');
  await until(() => live.subscribers !== 0);
  expect((await ask('/v1/events/stream')).body.error.code).toBe('KA_API_TOO_MANY');
  for (let seq = 1; live.subscribers > 0; seq++) {
    publish(seq, { Resource: 'x'.repeat(50_000) });
    if (seq % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
});

slowTest('a stream without events stays alive, and the end of the server ends it', async () => {
  const { url, api } = await serve({ heartbeatMs: 10 });
  const stream = await openStream(url, '/v1/events/stream');
  let text = '';
  stream.response.on('data', (chunk: Buffer) => (text += chunk.toString()));
  while (!text.includes(': alive')) await new Promise((resolve) => setTimeout(resolve, 2));
  const ended = new Promise((resolve) => stream.response.once('close', resolve));
  stream.response.on('error', () => undefined);
  await api.stop();
  await ended;
});

slowTest('the document the API serves names every path it answers', async () => {
  const { ask } = await serve();
  const { body } = await ask('/v1/openapi.json');
  for (const path of Object.keys(body.paths).filter((name) => name !== '/v1/events/stream'))
    expect([path, (await ask(path)).status < 400 || path === '/readyz']).toEqual([path, true]);
});
