import { Alert } from '@kubearmor-ts/proto';
import { addAlerts, emptySummary, reportName, reportSubject, toReport } from './index.ts';

const alert = (fields: Partial<Alert> = {}): Alert =>
  Alert.create({
    UpdatedTime: '2026-07-30T08:26:40.112233Z',
    NamespaceName: 'bakery',
    Owner: { Ref: 'Deployment', Name: 'oven', Namespace: 'bakery' },
    PodName: 'oven-1',
    HostName: 'edge-4',
    PolicyName: 'guard-token',
    Severity: '7',
    Tags: 'MITRE,CIS',
    Message: 'a token was read',
    Operation: 'File',
    Resource: '/run/secrets/token',
    ProcessName: '/bin/cat',
    Action: 'Block',
    Enforcer: 'BPFLSM',
    Result: 'Permission denied',
    ...fields,
  });
const subject = reportSubject(alert())!;
const summaryOf = (alerts: readonly Alert[], maxResults = 100) => addAlerts(emptySummary, alerts, maxResults);

test('equal alerts of a workload are one result with a count, in the form of each API', () => {
  const later = alert({ UpdatedTime: '2026-07-30T09:00:00.500000Z' });
  const report = toReport('wgpolicyk8s.io/v1alpha2', subject, summaryOf([later, alert(), alert()]));
  expect(report).toEqual({
    apiVersion: 'wgpolicyk8s.io/v1alpha2',
    kind: 'PolicyReport',
    metadata: {
      name: 'kubearmor-deployment-oven',
      namespace: 'bakery',
      labels: { 'app.kubernetes.io/managed-by': 'kubearmor-ts' },
      annotations: { 'kubearmor-ts/alerts-not-listed': '0' },
    },
    scope: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'oven', namespace: 'bakery' },
    summary: { pass: 0, fail: 1, warn: 0, error: 0, skip: 0 },
    results: [
      {
        source: 'KubeArmor',
        policy: 'guard-token',
        rule: 'File: /run/secrets/token',
        category: 'File',
        severity: 'high',
        timestamp: { seconds: 1_785_402_000, nanos: 500_000_000 },
        result: 'fail',
        scored: true,
        resources: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'oven', namespace: 'bakery' }],
        message: 'a token was read (/bin/cat was refused: File /run/secrets/token)',
        properties: {
          action: 'Block',
          operation: 'File',
          resource: '/run/secrets/token',
          process: '/bin/cat',
          outcome: 'Permission denied',
          enforcer: 'BPFLSM',
          policySeverity: '7',
          tags: 'MITRE,CIS',
          count: '3',
          firstSeen: '2026-07-30T08:26:40.112Z',
          lastSeen: '2026-07-30T09:00:00.500Z',
        },
      },
    ],
  });
  expect(toReport('openreports.io/v1alpha1', subject, summaryOf([alert()]))).toMatchObject({
    apiVersion: 'openreports.io/v1alpha1',
    kind: 'Report',
    source: 'KubeArmor',
  });
});

test.each<[string, Partial<Alert>, object | undefined]>([
  ['a workload', {}, { kind: 'Deployment', name: 'oven', namespace: 'bakery' }],
  ['a pod without owner', { Owner: undefined }, { kind: 'Pod', name: 'oven-1', namespace: 'bakery' }],
  [
    'a pod of an unknown kind of owner',
    { Owner: { Ref: 'Rollout', Name: 'oven', Namespace: 'bakery' } },
    { kind: 'Pod', name: 'oven-1' },
  ],
  [
    'a host',
    { NamespaceName: '', PodName: '', Owner: undefined },
    { kind: 'Node', name: 'edge-4', namespace: '' },
  ],
  ['a container without Kubernetes', { NamespaceName: 'container_namespace', Owner: undefined }, undefined],
  [
    'names that Kubernetes would not accept',
    { PodName: '../x', Owner: { Ref: 'Deployment', Name: 'A\nB', Namespace: 'bakery' } },
    undefined,
  ],
])('the subject of the alert of %s', (_name, fields, expected) => {
  const found = reportSubject(alert(fields));
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toMatchObject(expected);
});

test('a host has a cluster-wide report', () => {
  const host = reportSubject(alert({ NamespaceName: '', PodName: '', Owner: undefined }))!;
  const report = toReport('wgpolicyk8s.io/v1alpha2', host, emptySummary);
  expect(report).toMatchObject({ kind: 'ClusterPolicyReport', metadata: { name: 'kubearmor-node-edge-4' } });
  expect(report.metadata).not.toHaveProperty('namespace');
});

test.each([
  ['1', 'Audit', 'low'],
  ['2', 'Block', 'low'],
  ['5', 'Block', 'medium'],
  ['8', 'Block', 'high'],
  ['10', 'Audit', 'critical'],
  ['', 'Block', 'medium'],
  ['', 'Audit', 'info'],
  ['high', 'Audit', 'info'],
])('severity %j of an alert with action %s is %s', (severity, action, expected) => {
  const { results, summary } = toReport(
    'openreports.io/v1alpha1',
    subject,
    summaryOf([alert({ Severity: severity, Action: action })]),
  );
  expect(results[0]).toMatchObject({ severity: expected, result: action === 'Block' ? 'fail' : 'warn' });
  expect(summary).toMatchObject(action === 'Block' ? { fail: 1, warn: 0 } : { fail: 0, warn: 1 });
});

test('a report is bounded: what was seen longest ago makes room and is counted', () => {
  const alerts = Array.from({ length: 1000 }, (_, index) => alert({ Resource: `/f/${String(index % 200)}` }));
  const summary = summaryOf(alerts, 50);
  const report = toReport('openreports.io/v1alpha1', subject, summary);
  expect(report.results).toHaveLength(50);
  expect(report.results[0]?.rule).toBe('File: /f/199');
  const listed = report.results.reduce((sum, result) => sum + Number(result.properties['count']), 0);
  expect(listed + summary.notListed).toBe(1000);
  expect(report.metadata.annotations).toEqual({
    'kubearmor-ts/alerts-not-listed': String(summary.notListed),
  });
});

test('the largest report stays far below what an API server takes, and has no control characters', () => {
  const wild = '\u0000\n\ud800"<'.repeat(2000);
  const alerts = Array.from({ length: 100 }, (_, index) =>
    alert({
      PolicyName: wild,
      Message: wild,
      Resource: `${String(index)}${wild}`,
      ProcessName: wild,
      Tags: wild,
      Result: wild,
      Enforcer: wild,
    }),
  );
  const text = JSON.stringify(toReport('openreports.io/v1alpha1', subject, summaryOf(alerts)));
  expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
  expect(text).not.toMatch(/\\u0000|\\n|\\ud800/);
});

test('adding leaves the given summary as it was', () => {
  const first = summaryOf([alert()]);
  addAlerts(first, [alert(), alert({ Resource: '/other' })], 100);
  expect([...first.rows.values()].map(({ count }) => count)).toEqual([1]);
});

test('long names are cut, valid and kept apart', () => {
  const named = (name: string): string => reportName({ ...subject, name });
  const [a, b] = [named(`${'x'.repeat(252)}a`), named(`${'x'.repeat(252)}b`)];
  expect(a).not.toBe(b);
  for (const name of [a, b]) expect(name).toMatch(/^kubearmor-deployment-x+-[0-9a-f]{8}$/);
  expect(a.length).toBeLessThanOrEqual(253);
});
