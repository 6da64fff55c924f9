import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeApiServer, listenHttp } from '@kubearmor-ts/fake-apiserver';
import { createRealClock } from '@kubearmor-ts/life';
import {
  KubeClient,
  Reflector,
  Store,
  connectKube,
  createApplier,
  createNodeTransport,
  keyOf,
} from './index.ts';
import type { KubeObject } from './index.ts';

/** What these tests need of an API server; one that reads this kubeconfig can be any. */
interface ApiServerUnderTest {
  readonly kubeconfig: string;
  close(): Promise<void>;
}

const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };
const clock = createRealClock();

async function openFake(): Promise<ApiServerUnderTest & { readonly fake: FakeApiServer }> {
  const fake = new FakeApiServer();
  const { url, close } = await listenHttp(fake);
  const directory = mkdtempSync(join(tmpdir(), 'ka-kube-'));
  const kubeconfig = join(directory, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'c', cluster: { server: url.href, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  return {
    fake,
    kubeconfig,
    async close() {
      await close();
      rmSync(directory, { recursive: true });
    },
  };
}

test('over real connections: apply, list, watch, a broken connection and the end', async () => {
  const server = await openFake();
  const endpoint = await connectKube({ kubeconfig: server.kubeconfig, clock });
  expect((await endpoint.credentials()).headers['Authorization']).toBe('Bearer secret');
  const transport = createNodeTransport(endpoint);
  const client = new KubeClient({ transport, clock, userAgent: 'kubearmor-ts/test' });
  const store = new Store<KubeObject>({ transform: (object) => object });
  const reflector = new Reflector({
    client,
    resource: configMaps,
    namespace: 'shop',
    store,
    clock,
    random: Math.random,
    limits: { firstPauseMs: 10 },
  });
  const end = new AbortController();
  const { signal } = end;
  const applier = createApplier({ client, fieldManager: 'operator' });
  const named = (name: string) => ({ metadata: { name, namespace: 'shop' }, data: { a: '1' } });
  const heard = (name: string): Promise<void> =>
    new Promise((resolve) => {
      const forget = store.onChange((change) => {
        if (change.key !== keyOf({ name, namespace: 'shop' })) return;
        forget();
        resolve();
      });
    });

  await applier.apply(configMaps, named('before'), { signal });
  await reflector.start(signal);
  await reflector.synced;
  expect(store.size).toBe(1);
  const first = heard('watched');
  await applier.apply(configMaps, named('watched'), { signal });
  await first;
  server.fake.endWatches('broken');
  const second = heard('after');
  await applier.apply(configMaps, named('after'), { signal });
  await second;
  expect(store.size).toBe(3);

  end.abort();
  await reflector.stop();
  transport.close();
  await server.close();
}, 30_000);

test('an API server that does not answer is told as such, within the time allowed', async () => {
  const server = await openFake();
  const endpoint = await connectKube({ kubeconfig: server.kubeconfig, clock });
  const transport = createNodeTransport(endpoint);
  const client = new KubeClient({ transport, clock, userAgent: 'kubearmor-ts/test' });
  const { signal } = new AbortController();
  server.fake.fail('list', { kind: 'hang' });
  expect(await client.list(configMaps, {}, { signal, timeoutMs: 50 })).toMatchObject({
    error: { code: 'KA_KUBE_TIMEOUT', object: 'configmaps' },
  });
  server.fake.fail('get', { kind: 'status', status: 403 });
  expect(await client.get(configMaps, { namespace: 'shop', name: 'x' }, { signal })).toMatchObject({
    error: { code: 'KA_KUBE_FORBIDDEN', object: 'configmaps shop/x' },
  });
  await server.close();
  expect(await client.list(configMaps, {}, { signal })).toMatchObject({
    error: { code: 'KA_KUBE_UNREACHABLE' },
  });
  transport.close();
});

test('the APIs that are served are told by group and version', async () => {
  const server = await openFake();
  const transport = createNodeTransport(await connectKube({ kubeconfig: server.kubeconfig, clock }));
  const client = new KubeClient({ transport, clock, userAgent: 'kubearmor-ts/test' });
  const { signal } = new AbortController();
  server.fake.serveApis(['openreports.io/v1alpha1', 'apps/v1']);
  expect(await client.apiVersions({ signal })).toEqual({
    ok: true,
    value: ['openreports.io/v1alpha1', 'apps/v1'],
  });
  server.fake.fail('get', { kind: 'status', status: 429, retryAfterSeconds: 3 });
  expect(await client.apiVersions({ signal })).toMatchObject({
    error: { code: 'KA_KUBE_TOO_MANY', object: 'apis', retryAfterMs: 3000 },
  });
  server.fake.fail('get', { kind: 'truncate' });
  expect(await client.apiVersions({ signal })).toMatchObject({ error: { code: 'KA_KUBE_MALFORMED' } });
  transport.close();
  await server.close();
});

test.each([
  ['missing', { kubeconfig: '/nonexistent/config' }, 'cannot be read'],
  ['without such a context', { context: 'absent' }, 'no context is named "absent"'],
])('a configuration that is %s is refused in words', async (_, options, words) => {
  const server = await openFake();
  const refused = connectKube({ kubeconfig: server.kubeconfig, clock, ...options });
  await expect(refused).rejects.toMatchObject({
    code: 'KA_KUBE_CONFIG',
    message: expect.stringContaining(words),
  });
  await server.close();
});
