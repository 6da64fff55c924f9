import { FakeApiServer } from '@kubearmor-ts/fake-apiserver';
import { FakeClock } from '@kubearmor-ts/life';
import { KubeClient, createApplier } from './index.ts';
import type { Applier } from './index.ts';

const configMaps = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };
const metadata = { name: 'settings', namespace: 'kubearmor' };
const { signal } = new AbortController();

function appliers(): readonly [FakeApiServer, Applier, Applier] {
  const server = new FakeApiServer();
  const transport = { send: server.send.bind(server), close: () => undefined };
  const client = new KubeClient({ transport, clock: new FakeClock(), userAgent: 'test' });
  const of = (fieldManager: string): Applier => createApplier({ client, fieldManager });
  return [server, of('operator'), of('somebody-else')];
}

const stored = (server: FakeApiServer) => server.table.get('configmaps', 'kubearmor/settings');

test('the same intent again writes nothing', async () => {
  const [server, operator] = appliers();
  const intent = { metadata, data: { posture: 'block' } };
  expect(await operator.apply(configMaps, intent, { signal })).toMatchObject({
    ok: true,
    value: { isNew: true },
  });
  const { version } = server.table;
  expect(await operator.apply(configMaps, intent, { signal })).toMatchObject({
    ok: true,
    value: { isNew: false },
  });
  expect(server.table.version).toBe(version);
});

test("keys that others added stay, keys no longer wanted go, and others' values are a conflict that names them", async () => {
  const [server, operator, other] = appliers();
  await operator.apply(configMaps, { metadata, data: { posture: 'block', old: 'x' } }, { signal });
  await other.apply(configMaps, { metadata, data: { theirs: 'kept' } }, { signal });
  await operator.apply(configMaps, { metadata, data: { posture: 'audit' } }, { signal });
  expect(stored(server)?.['data']).toEqual({ posture: 'audit', theirs: 'kept' });

  const refused = await operator.apply(
    configMaps,
    { metadata, data: { posture: 'audit', theirs: 'mine' } },
    { signal },
  );
  expect(refused).toMatchObject({
    ok: false,
    error: {
      code: 'KA_KUBE_APPLY_CONFLICT',
      conflicts: [{ manager: 'somebody-else', field: '.data.theirs' }],
    },
  });
  const forced = await operator.apply(
    configMaps,
    { metadata, data: { posture: 'audit', theirs: 'mine' } },
    { signal, force: true },
  );
  expect(forced.ok).toBe(true);
  expect(stored(server)?.['data']).toEqual({ posture: 'audit', theirs: 'mine' });
});

test('a dry run answers and keeps nothing', async () => {
  const [server, operator] = appliers();
  const answer = await operator.apply(configMaps, { metadata, data: { a: '1' } }, { signal, dryRun: true });
  expect(answer).toMatchObject({ ok: true, value: { object: { data: { a: '1' } } } });
  expect(stored(server)).toBeUndefined();
});
