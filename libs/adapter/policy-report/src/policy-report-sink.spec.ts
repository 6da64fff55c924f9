import type { ReportDocument } from '@kubearmor-ts/policy-report-map';
import { Alert, Log } from '@kubearmor-ts/proto';
import type { SinkRecord } from '@kubearmor-ts/sink';
import { createPolicyReportSink, readPolicyReportConfig } from './index.ts';
import type { ApplyOutcome, ReportStore } from './index.ts';

const never = new AbortController().signal;
const both = ['v1', 'wgpolicyk8s.io/v1alpha2', 'openreports.io/v1alpha1'];

const record = (owner: string, resource = '/f'): SinkRecord => ({
  kind: 'alerts',
  event: Alert.create({
    NamespaceName: 'bakery',
    Owner: { Ref: 'Deployment', Name: owner, Namespace: 'bakery' },
    PolicyName: 'guard',
    Action: 'Block',
    Operation: 'File',
    Resource: resource,
  }),
});

function sinkWith(
  settings: Record<string, unknown> = {},
  answer: (report: ReportDocument) => ApplyOutcome = () => ({ kind: 'applied' }),
  apis: () => readonly string[] = () => both,
) {
  const applied = new Map<string, ReportDocument>();
  let discoveries = 0;
  const store: ReportStore = {
    target: 'test cluster',
    apis: () => {
      discoveries += 1;
      return Promise.resolve({ ok: true, value: apis() });
    },
    apply: (report) => {
      const outcome = answer(report);
      if (outcome.kind === 'applied') applied.set(`${report.apiVersion} ${report.metadata.name}`, report);
      return Promise.resolve(outcome);
    },
    close: () => Promise.resolve(),
  };
  const config = readPolicyReportConfig(settings, 'sinks[0]');
  if (!config.ok) throw new Error(config.error.map((error) => error.message).join('; '));
  const sink = createPolicyReportSink({ config: config.value, store });
  const countsOf = (name: string): number[] =>
    [...applied]
      .filter(([key]) => key.endsWith(` ${name}`))
      .flatMap(([, report]) => report.results.map(({ properties }) => Number(properties['count'])));
  return { sink, applied, countsOf, discoveries: () => discoveries };
}

test('each workload has one report that grows in counts, not in length', async () => {
  const { sink, applied, countsOf, discoveries } = sinkWith();
  for (let batch = 0; batch < 3; batch++)
    expect(await sink.deliver([record('oven'), record('shop'), record('oven')], never)).toEqual({
      kind: 'delivered',
      rejected: [],
    });
  expect([...applied.keys()]).toEqual([
    'openreports.io/v1alpha1 kubearmor-deployment-oven',
    'openreports.io/v1alpha1 kubearmor-deployment-shop',
  ]);
  expect(countsOf('kubearmor-deployment-oven')).toEqual([6]);
  expect(countsOf('kubearmor-deployment-shop')).toEqual([3]);
  expect(discoveries()).toBe(1);
});

test('a report that could not be written counts its alerts once when they come again', async () => {
  let isDown = true;
  const { sink, countsOf } = sinkWith({}, (report) =>
    isDown && report.metadata.name.endsWith('oven')
      ? { kind: 'retry', reason: 'HTTP 503', afterMs: 1000 }
      : { kind: 'applied' },
  );
  const batch = [record('shop'), record('oven'), record('oven')];
  expect(await sink.deliver(batch, never)).toEqual({
    kind: 'retry',
    reason: 'HTTP 503',
    afterMs: 1000,
    indexes: [1, 2],
  });
  isDown = false;
  await sink.deliver([batch[1]!, batch[2]!], never);
  expect(countsOf('kubearmor-deployment-oven')).toEqual([2]);
  expect(countsOf('kubearmor-deployment-shop')).toEqual([1]);
});

test('the API is the one the cluster serves or the one asked for; an API that has gone is looked for anew', async () => {
  const old = sinkWith({}, undefined, () => ['wgpolicyk8s.io/v1alpha2']);
  await old.sink.deliver([record('oven')], never);
  expect([...old.applied.keys()]).toEqual(['wgpolicyk8s.io/v1alpha2 kubearmor-deployment-oven']);
  const asked = sinkWith({ api: 'wgpolicyk8s.io/v1alpha2' });
  await asked.sink.deliver([record('oven')], never);
  expect([...asked.applied.keys()]).toEqual(['wgpolicyk8s.io/v1alpha2 kubearmor-deployment-oven']);

  let served: readonly string[] = both;
  const moving = sinkWith(
    {},
    (report) => (served.includes(report.apiVersion) ? { kind: 'applied' } : { kind: 'no such api' }),
    () => served,
  );
  await moving.sink.deliver([record('oven')], never);
  served = ['wgpolicyk8s.io/v1alpha2'];
  expect(await moving.sink.deliver([record('oven')], never)).toMatchObject({ kind: 'retry', indexes: [0] });
  expect((await moving.sink.deliver([record('oven')], never)).kind).toBe('delivered');
  expect([...moving.applied.keys()].at(-1)).toBe('wgpolicyk8s.io/v1alpha2 kubearmor-deployment-oven');
  served = [];
  expect(await sinkWith({}, undefined, () => served).sink.deliver([record('oven')], never)).toEqual({
    kind: 'retry',
    reason: 'the cluster does not serve openreports.io/v1alpha1 or wgpolicyk8s.io/v1alpha2',
    indexes: [0],
  });
});

test('what no report can be about, and what the cluster refuses, is rejected; logs are dealt with', async () => {
  const { sink } = sinkWith({}, (report) =>
    report.metadata.name.endsWith('gone')
      ? { kind: 'refused', reason: 'namespace is terminating' }
      : { kind: 'applied' },
  );
  const log: SinkRecord = { kind: 'logs', event: Log.create() };
  const nowhere: SinkRecord = {
    kind: 'alerts',
    event: Alert.create({ NamespaceName: 'container_namespace' }),
  };
  expect(await sink.deliver([log, nowhere, record('gone'), record('oven')], never)).toEqual({
    kind: 'delivered',
    rejected: [
      { index: 1, reason: expect.stringContaining('names nothing') },
      { index: 2, reason: 'namespace is terminating' },
    ],
  });
});

test('memory is bounded: the report written longest ago is forgotten', async () => {
  const { sink, countsOf } = sinkWith({ maxReports: 2 });
  for (const owner of ['a', 'b', 'a', 'c', 'a', 'b']) await sink.deliver([record(owner)], never);
  expect(countsOf('kubearmor-deployment-a')).toEqual([3]);
  expect(countsOf('kubearmor-deployment-b')).toEqual([1]);
});
