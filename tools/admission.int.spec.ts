import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@kubearmor-ts/certificates';
import type { Authority } from '@kubearmor-ts/certificates';
import { WebhookServer } from '@kubearmor-ts/kube';
import type { AdmissionHandler } from '@kubearmor-ts/kube';
import { createRealClock } from '@kubearmor-ts/life';
import { findKubernetes, startRealApiServer } from '@kubearmor-ts/real-apiserver';
import type { Answer, RealApiServer } from '@kubearmor-ts/real-apiserver';
import { createTlsIdentity, serverFiles } from '@kubearmor-ts/tls';
import { until } from '@kubearmor-ts/until';

const kubernetes = await findKubernetes();
const because = 'missing' in kubernetes ? ` (skipped: ${kubernetes.missing})` : '';
const onServer = 'missing' in kubernetes ? test.skip : test;

let server: RealApiServer;
const cleanups: (() => unknown)[] = [];
const after: (() => void)[] = [];
beforeAll(async () => {
  if ('missing' in kubernetes) return;
  server = await startRealApiServer({ directory: kubernetes.directory });
}, 300_000);
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(async () => {
  await server?.stop();
  for (const cleanup of after) cleanup();
});

/** A webhook server as a controller has it: its certificate comes from files that somebody replaces. */
async function serve(handler: AdmissionHandler) {
  const directory = mkdtempSync(join(tmpdir(), 'ka-admission-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const authority = createAuthority((cleanup) => after.push(cleanup));
  authority.install(directory, 'server');
  const end = new AbortController();
  const identity = createTlsIdentity({
    files: serverFiles(directory),
    usage: 'server',
    clock: createRealClock(),
  });
  await identity.start(end.signal);
  const asked = new Set<string>();
  const at = (path: string): [string, AdmissionHandler] => [
    path,
    (request, signal) => {
      asked.add(path);
      return handler(request, signal);
    },
  ];
  const webhooks = new WebhookServer({
    host: '127.0.0.1',
    port: 0,
    certificates: identity,
    handlers: Object.fromEntries(['/validate', '/both', '/next'].map(at)),
  });
  await webhooks.start(end.signal);
  cleanups.push(async () => {
    end.abort();
    await webhooks.stop();
    await identity.stop();
  });
  return { directory, authority, identity, webhooks, asked };
}

const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

const bundle = (...authorities: readonly Authority[]): string =>
  Buffer.from(authorities.map(({ certificate }) => certificate).join('')).toString('base64');

/** Asks the webhook about ConfigMaps with this label; its name is the label's value. */
async function register(name: string, port: number, authority: Authority): Promise<void> {
  const made = await server.ask({
    path: configurations,
    body: {
      metadata: { name },
      webhooks: [
        {
          name: `${name}.kubearmor.test`,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          timeoutSeconds: 5,
          objectSelector: { matchLabels: { asks: name } },
          rules: [
            { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] },
          ],
          clientConfig: { url: urlOf(port, '/validate'), caBundle: bundle(authority) },
        },
      ],
    },
  });
  expect(made).toMatchObject({ status: 201 });
  cleanups.push(() => server.ask({ path: `${configurations}/${name}`, method: 'DELETE' }));
}

const urlOf = (port: number, path: string): string => `https://127.0.0.1:${String(port)}${path}`;

async function point(name: string, port: number, path: string, caBundle: string): Promise<void> {
  const changed = await server.ask({
    method: 'PATCH',
    path: `${configurations}/${name}`,
    contentType: 'application/json-patch+json',
    body: [{ op: 'replace', path: '/webhooks/0/clientConfig', value: { url: urlOf(port, path), caBundle } }],
  });
  expect(changed).toMatchObject({ status: 200 });
}

let count = 0;
const create = (asks: string): Promise<Answer> =>
  server.ask({
    path: '/api/v1/namespaces/default/configmaps',
    body: { metadata: { name: `asked-${String((count += 1))}`, labels: { asks } } },
  });

onServer(
  `warnings and a refusal of ours reach the user who wrote the object${because}`,
  async () => {
    const { webhooks, authority } = await serve(({ object }) => {
      const isFirst = JSON.stringify(object).includes('asked-first');
      return Promise.resolve(
        isFirst
          ? { allowed: true, warnings: ['the selector is empty'] }
          : { allowed: false, reason: 'Invalid', message: 'spec.action: "Blok" is none' },
      );
    });
    await register('words', webhooks.port, authority);
    const body = { metadata: { name: 'asked-first', labels: { asks: 'words' } } };
    const path = '/api/v1/namespaces/default/configmaps';
    // A configuration takes a moment to be in force.
    await until(async () => (await server.ask({ path: `${path}?dryRun=All`, body })).warnings.length > 0);
    expect(await server.ask({ path, body })).toMatchObject({
      status: 201,
      warnings: ['the selector is empty'],
    });
    expect(await create('words')).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('spec.action: "Blok" is none') },
    });
  },
  60_000,
);

onServer(
  `the authority behind a webhook is replaced step by step, and no write fails meanwhile${because}`,
  async () => {
    const { directory, authority, identity, webhooks, asked } = await serve(() =>
      Promise.resolve({ allowed: true }),
    );
    const next = createAuthority((cleanup) => after.push(cleanup));
    await register('renewal', webhooks.port, authority);
    await until(async () => {
      await create('renewal');
      return webhooks.counts.allowed > 0;
    });
    let isOver = false;
    const statuses: number[] = [];
    const writing = (async () => {
      while (!isOver) statuses.push((await create('renewal')).status);
    })();
    // A review on the path of a step shows that the API server goes by that step's bundle.
    await point('renewal', webhooks.port, '/both', bundle(authority, next));
    await until(() => asked.has('/both'));
    next.install(directory, 'server');
    await until(() => webhooks.counts.certificates > 0);
    await point('renewal', webhooks.port, '/next', bundle(next));
    await until(() => asked.has('/next'));
    isOver = true;
    await writing;
    expect(new Set(statuses)).toEqual(new Set([201]));
    expect(identity.counts).toMatchObject({ replaced: 1, refused: 0 });
  },
  60_000,
);

onServer(
  `a webhook that hangs or breaks gives the API server no verdict: its failure policy decides${because}`,
  async () => {
    const { webhooks, authority } = await serve(() => Promise.reject(new Error('bug')));
    await register('broken', webhooks.port, authority);
    await until(async () => (await create('broken')).status !== 201);
    expect(await create('broken')).toMatchObject({
      status: 500,
      body: { message: expect.stringMatching(/failed calling webhook "broken\.kubearmor\.test"/) },
    });
    expect(webhooks.counts).toMatchObject({ allowed: 0, denied: 0 });
  },
  60_000,
);
