import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates, startFakeReceiver } from '@kubearmor-ts/fake-receiver';
import type { FakeAnswer, FakeReceiver } from '@kubearmor-ts/fake-receiver';
import { createRealClock } from '@kubearmor-ts/life';
import { createHttpSender, judgeStatus } from './index.ts';
import type { HttpSender, HttpSenderOptions } from './index.ts';

/** The machine may be busy: tests wait for events, this only ends a hang. */
const slowMachineMs = 30_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const noTls = { caFile: '', certFile: '', keyFile: '', serverName: '', insecureSkipVerify: false };

function senderTo(url: string, options: Partial<HttpSenderOptions> = {}): HttpSender {
  const sender = createHttpSender({
    url: new URL(url),
    tls: noTls,
    timeoutMs: 5000,
    compression: 'none',
    headers: {},
    clock: createRealClock(),
    env: {},
    ...options,
  });
  cleanups.push(() => sender.close());
  return sender;
}

async function receiver(
  answer: FakeAnswer,
  tls?: Parameters<typeof startFakeReceiver>[1],
): Promise<FakeReceiver> {
  const server = await startFakeReceiver(() => answer, tls);
  cleanups.push(() => server.close());
  return server;
}

const post = { method: 'POST', path: '/push?x=1', body: 'events' } as const;

test(
  'a request carries path, headers, secrets and a compressed body',
  async () => {
    const server = await receiver({ status: 202, body: 'thanks' });
    const sender = senderTo(`${server.url}/behind/`, {
      compression: 'gzip',
      headers: { 'x-tenant': { from: 'env', name: 'TENANT' } },
      authorization: { scheme: 'Bearer', secret: { from: 'value', value: 'hush' } },
      env: { TENANT: 'blue' },
    });
    expect(await sender.send(post, never)).toMatchObject({ kind: 'answer', status: 202, isCut: false });
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/behind/push?x=1',
      text: 'events',
      headers: { authorization: 'Bearer hush', 'x-tenant': 'blue', 'content-encoding': 'gzip' },
    });
    expect(sender.target).toBe(`${server.url}/behind`);
  },
  slowMachineMs,
);

test(
  'a token file is read again for every request, and without it nothing is sent',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sink-net-'));
    cleanups.push(() => rmSync(dir, { recursive: true }));
    const path = join(dir, 'token');
    const server = await receiver({});
    const sender = senderTo(server.url, { authorization: { user: 'u', password: { from: 'file', path } } });
    expect(await sender.send(post, never)).toEqual({
      kind: 'failed',
      reason: `${path} cannot be read: ENOENT`,
    });
    for (const token of ['one', 'two']) {
      writeFileSync(path, `${token}\n`);
      await sender.send(post, never);
    }
    expect(server.requests.map((request) => request.headers['authorization'])).toEqual(
      ['u:one', 'u:two'].map((pair) => `Basic ${Buffer.from(pair).toString('base64')}`),
    );
  },
  slowMachineMs,
);

test.each<[FakeAnswer, string]>([
  ['silence', 'failed'],
  ['half an answer', 'failed'],
  [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'answer'],
])(
  'a receiver that gives %j does not hold the sender',
  async (answer, kind) => {
    const server = await receiver(answer);
    const given = await senderTo(server.url, { timeoutMs: 300 }).send(post, never);
    expect(given.kind).toBe(kind);
    expect(judgeStatus(given)?.kind).toBe('again');
    expect(server.requests).toHaveLength(1);
  },
  slowMachineMs,
);

test(
  'an endless answer is cut at the bound',
  async () => {
    const server = await receiver('endless');
    const given = await senderTo(server.url).send({ ...post, maxAnswerBytes: 1000 }, never);
    expect(given).toMatchObject({ kind: 'answer', status: 200, isCut: true });
    expect(given.kind === 'answer' && given.body.length).toBe(1000);
  },
  slowMachineMs,
);

test(
  'a receiver that is not there, and a stop, are told',
  async () => {
    expect(await senderTo('http://127.0.0.1:1').send(post, never)).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    const server = await receiver('silence');
    const stop = new AbortController();
    const sending = senderTo(server.url).send(post, stop.signal);
    stop.abort();
    expect((await sending).kind).toBe('failed');
  },
  slowMachineMs,
);

test.each([
  [429, '7', { kind: 'again', reason: 'HTTP 429: why', afterMs: 7000 }],
  [503, undefined, { kind: 'again', reason: 'HTTP 503: why' }],
  [401, undefined, { kind: 'again', reason: 'HTTP 401: why' }],
  [404, undefined, { kind: 'again', reason: 'HTTP 404: why' }],
  [413, undefined, { kind: 'halve', reason: 'HTTP 413: why' }],
  [400, undefined, undefined],
  [204, undefined, undefined],
])(
  'status %i with Retry-After %j is judged',
  async (status, retryAfter, expected) => {
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    const server = await receiver({ status, headers, body: status === 204 ? '' : 'why\u0000\n' });
    expect(judgeStatus(await senderTo(server.url).send(post, never))).toEqual(expected);
  },
  slowMachineMs,
);

test(
  'TLS: the receiver must be known, and knows the relay by its certificate',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sink-net-'));
    cleanups.push(() => rmSync(dir, { recursive: true }));
    const certificates = makeCertificates(dir);
    const server = await receiver({}, { ...certificates.server, ca: certificates.ca });
    const tls = { ...noTls, caFile: certificates.caFile, ...certificates.client };
    expect((await senderTo(server.url, { tls: noTls }).send(post, never)).kind).toBe('failed');
    expect(
      (await senderTo(server.url, { tls: { ...tls, certFile: '', keyFile: '' } }).send(post, never)).kind,
    ).toBe('failed');
    expect(
      await senderTo(server.url, { tls: { ...tls, serverName: 'other.test' } }).send(post, never),
    ).toMatchObject({
      kind: 'failed',
    });
    expect(
      await senderTo(server.url, { tls: { ...tls, caFile: join(dir, 'gone') } }).send(post, never),
    ).toMatchObject({
      reason: expect.stringContaining('ENOENT'),
    });
    expect(server.requests).toHaveLength(0);
    for (const serverName of ['', 'receiver.test'])
      expect((await senderTo(server.url, { tls: { ...tls, serverName } }).send(post, never)).kind).toBe(
        'answer',
      );
    expect(server.requests.map((request) => request.clientName)).toEqual(['relay', 'relay']);
  },
  slowMachineMs,
);
