import { FakeApiServer } from '@kubearmor-ts/fake-apiserver';
import { KubeClient } from '@kubearmor-ts/kube';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import type { Sink, SinkRecord } from '@kubearmor-ts/sink';
import { sinkTypes } from './sink-types.ts';

const never = new AbortController().signal;
const openReports = 'openreports.io/v1alpha1';
const policyReports = 'wgpolicyk8s.io/v1alpha2';

const record = (owner: string, namespace = 'bakery'): SinkRecord => ({
  kind: 'alerts',
  event: Alert.create({
    NamespaceName: namespace,
    Owner: { Ref: 'Deployment', Name: owner, Namespace: namespace },
    PolicyName: 'guard',
    Action: 'Block',
    Operation: 'File',
    Resource: '/f',
  }),
});

async function sinkTo(server: FakeApiServer): Promise<Sink> {
  const clock = createRealClock();
  const transport = {
    send: (request: Parameters<FakeApiServer['send']>[0]) => server.send(request),
    close: () => undefined,
  };
  const kube = {
    client: new KubeClient({ transport, clock, userAgent: 'test' }),
    server: 'test.cluster',
    close: () => undefined,
  };
  const create = await sinkTypes['policy-report']!();
  const made = create({ type: 'policy-report' }, 'sinks[0]', { name: 'reports', clock, env: {}, kube });
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  return made.value;
}

const countIn = (server: FakeApiServer, type: string, key: string): unknown => {
  const report = server.table.get(type, key) as unknown as
    { readonly results: readonly { readonly properties: { readonly count: string } }[] } | undefined;
  return report?.results[0]?.properties.count;
};
const oven = 'bakery/kubearmor-deployment-oven';

test('a workload’s report is made, then grows, under the API that the cluster serves', async () => {
  const server = new FakeApiServer();
  server.serveApis([policyReports]);
  const sink = await sinkTo(server);
  expect(sink.target).toBe('test.cluster');
  for (const count of ['1', '2']) {
    expect(await sink.deliver([record('oven')], never)).toEqual({ kind: 'delivered', rejected: [] });
    expect(countIn(server, 'wgpolicyk8s.io/policyreports', oven)).toBe(count);
  }
  const both = new FakeApiServer();
  both.serveApis([policyReports, openReports]);
  await (await sinkTo(both)).deliver([record('oven')], never);
  expect(countIn(both, 'openreports.io/reports', oven)).toBe('1');
});

test('an API that has gone is looked for again, and its alerts are not lost', async () => {
  const server = new FakeApiServer();
  server.serveApis([openReports]);
  const sink = await sinkTo(server);
  await sink.deliver([record('oven')], never);
  server.serveApis([policyReports]);
  expect(await sink.deliver([record('oven')], never)).toMatchObject({ kind: 'retry', indexes: [0] });
  expect((await sink.deliver([record('oven')], never)).kind).toBe('delivered');
  expect(countIn(server, 'wgpolicyk8s.io/policyreports', oven)).toBe('2');
});

test('what another program wrote into a report is taken back', async () => {
  const server = new FakeApiServer();
  server.serveApis([openReports]);
  const sink = await sinkTo(server);
  await sink.deliver([record('oven')], never);
  await server.send({
    method: 'PATCH',
    path: '/apis/openreports.io/v1alpha1/namespaces/bakery/reports/kubearmor-deployment-oven',
    query: { fieldManager: 'somebody', force: 'true' },
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: JSON.stringify({ metadata: { name: 'kubearmor-deployment-oven' }, results: [] }),
    signal: never,
  });
  expect(countIn(server, 'openreports.io/reports', oven)).toBeUndefined();
  expect((await sink.deliver([record('oven')], never)).kind).toBe('delivered');
  expect(countIn(server, 'openreports.io/reports', oven)).toBe('2');
});

test.each([
  ['too many requests', { kind: 'status', status: 429, retryAfterSeconds: 7 }, { afterMs: 7000 }],
  ['a conflict', { kind: 'status', status: 409 }, {}],
  ['no permission', { kind: 'status', status: 403 }, {}],
  ['a broken connection', { kind: 'refuse' }, {}],
  ['an answer that got lost', { kind: 'lose-answer' }, {}],
] as const)('%s keeps the alerts, and counts them once when they come again', async (_, fault, more) => {
  const server = new FakeApiServer();
  server.serveApis([openReports]);
  const sink = await sinkTo(server);
  server.fail('write', fault);
  expect(await sink.deliver([record('oven')], never)).toEqual({
    kind: 'retry',
    reason: expect.stringContaining('reports.openreports.io bakery/kubearmor-deployment-oven'),
    indexes: [0],
    ...more,
  });
  expect((await sink.deliver([record('oven')], never)).kind).toBe('delivered');
  expect(countIn(server, 'openreports.io/reports', oven)).toBe('1');
});

test('what the cluster finds invalid is rejected and holds up no other report', async () => {
  const server = new FakeApiServer();
  server.serveApis([openReports]);
  const sink = await sinkTo(server);
  server.fail('write', { kind: 'status', status: 422 });
  expect(await sink.deliver([record('oven'), record('shop')], never)).toEqual({
    kind: 'delivered',
    rejected: [{ index: 0, reason: expect.stringContaining('kubearmor-deployment-oven') }],
  });
});

test('an API server that cannot be asked for its APIs keeps the alerts', async () => {
  const server = new FakeApiServer();
  server.serveApis([openReports]);
  server.fail('get', { kind: 'status', status: 503 });
  const sink = await sinkTo(server);
  expect(await sink.deliver([record('oven')], never)).toMatchObject({ kind: 'retry', indexes: [0] });
  expect((await sink.deliver([record('oven')], never)).kind).toBe('delivered');
});
