import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { WebhookServer } from './index.ts';
import type { AdmissionHandler, CertificateSource, ServingCertificate } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'ka-webhook-'));
const made = (name: string): ServingCertificate => {
  const [key, certificate] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync(
    'openssl',
    ['req', '-x509', ...options, '-subj', `/CN=${name}`, '-keyout', key, '-out', certificate],
    {
      stdio: 'pipe',
    },
  );
  return { certificate: readFileSync(certificate), key: readFileSync(key) };
};
const first = made('first');
const second = made('second');
afterAll(() => rmSync(directory, { recursive: true }));

function source(): CertificateSource & { replace(by: ServingCertificate): void } {
  const listeners = new Set<(certificate: ServingCertificate) => void>();
  return {
    current: () => first,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    replace: (by) => listeners.forEach((listener) => listener(by)),
  };
}

const agents: Agent[] = [];
afterEach(() => agents.splice(0).forEach((agent) => agent.destroy()));

async function serve(handler: AdmissionHandler, limits: { deadlineMs?: number; maxBodyBytes?: number } = {}) {
  const certificates = source();
  const end = new AbortController();
  const server = new WebhookServer({
    host: '127.0.0.1',
    port: 0,
    certificates,
    handlers: { '/mutate-pods': handler },
    ...limits,
  });
  await server.start(end.signal);
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  agents.push(agent);
  const ask = (body: string, over = agent, path = '/mutate-pods') =>
    new Promise<{ status: number; text: string; shown: string }>((resolve, reject) => {
      const { port } = server;
      const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent: over }, (answer) => {
        const shown = (answer.socket as TLSSocket).getPeerCertificate().subject.CN;
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, shown: String(shown) }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  return { server, certificates, ask };
}

const review = (more: object = {}): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u1',
      operation: 'CREATE',
      namespace: 'shop',
      object: { metadata: { name: 'a' } },
      ...more,
    },
  });

const allow: AdmissionHandler = () => Promise.resolve({ allowed: true });
const newConnection = (): Agent => {
  const agent = new Agent({ rejectUnauthorized: false });
  agents.push(agent);
  return agent;
};

test('a patch, warnings and a refusal reach the API server in its own words', async () => {
  const { server, ask } = await serve(({ namespace }) =>
    Promise.resolve(
      namespace === 'shop'
        ? { allowed: true, patch: [{ op: 'add', path: '/x', value: 1 }], warnings: ['w'.repeat(300)] }
        : { allowed: false, reason: 'Invalid', message: 'empty selector' },
    ),
  );
  const { response } = JSON.parse((await ask(review())).text) as { response: Record<string, string> };
  expect(response).toMatchObject({
    uid: 'u1',
    allowed: true,
    patchType: 'JSONPatch',
    warnings: ['w'.repeat(256)],
  });
  expect(JSON.parse(Buffer.from(response['patch']!, 'base64').toString())).toEqual([
    { op: 'add', path: '/x', value: 1 },
  ]);
  const refused = JSON.parse((await ask(review({ namespace: 'x' }))).text) as { response: unknown };
  expect(refused.response).toMatchObject({
    allowed: false,
    status: { code: 403, message: 'empty selector' },
  });
  await server.stop();
});

test('a new certificate is shown to the next connection, and a review under way is answered', async () => {
  let release: () => void = () => undefined;
  let isHeld = true;
  const { server, certificates, ask } = await serve(async () => {
    if (isHeld)
      await new Promise<void>((resolve) => {
        release = resolve;
        entered();
      });
    return { allowed: true };
  });
  let entered: () => void = () => undefined;
  const isInside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const underWay = ask(review());
  await isInside;
  certificates.replace(second);
  isHeld = false;
  expect(await ask(review(), newConnection())).toMatchObject({ status: 200, shown: 'second' });
  release();
  expect(await underWay).toMatchObject({ status: 200, shown: 'first' });
  expect(server.counts.certificates).toBe(1);
  await server.stop();
});

test('a handler that fails or takes too long gives an error, never a verdict', async () => {
  const failing = await serve(() => Promise.reject(new Error('bug')));
  expect(await failing.ask(review())).toMatchObject({
    status: 500,
    text: 'the review could not be answered',
  });
  expect(failing.server.counts.failed).toBe(1);
  const slow = await serve(() => new Promise(() => undefined), { deadlineMs: 20 });
  expect((await slow.ask(review())).status).toBe(504);
  expect(slow.server.counts.timedOut).toBe(1);
  await failing.server.stop();
  await slow.server.stop();
});

test.each([
  ['not JSON', '{', 400],
  ['no review', '{}', 400],
  ['another version', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}', 400],
  ['without uid', review({ uid: 7 }), 400],
  ['with an unknown operation', review({ operation: 'EAT' }), 400],
  ['too large', review({ object: { pad: 'x'.repeat(5000) } }), 413],
])('a body that is %s is refused and counted', async (_, body, status) => {
  const { server, ask } = await serve(allow, { maxBodyBytes: 4096 });
  expect((await ask(body)).status).toBe(status);
  expect((await ask(review(), newConnection())).status).toBe(200);
  expect(server.counts).toMatchObject({ malformed: 1, allowed: 1 });
  await server.stop();
});

test('only known paths are served', async () => {
  const { server, ask } = await serve(allow);
  for (const path of ['/', '/constructor', '/__proto__'])
    expect((await ask(review(), newConnection(), path)).status).toBe(404);
  await server.stop();
});
