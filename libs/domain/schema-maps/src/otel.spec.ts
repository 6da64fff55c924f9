import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { Alert, Log } from '@kubearmor-ts/proto';
import { toOtelRecord } from './index.ts';

const alert = Alert.create({
  Timestamp: 1_785_400_000,
  UpdatedTime: '2026-07-30T08:26:40.112233Z',
  ClusterName: 'lab-north',
  HostName: 'edge-4',
  NodeID: 'c0ffee42',
  NamespaceName: 'bakery',
  Owner: { Ref: 'Deployment', Name: 'oven', Namespace: 'bakery' },
  PodName: 'oven-7c9d-q2m5z',
  Labels: 'app=oven,tier=web',
  ContainerID: 'f00d77',
  ContainerName: 'oven',
  ContainerImage: 'registry.test:5000/bakery/oven:3@sha256:cc33',
  HostPPID: 51_210,
  HostPID: 51_877,
  PPID: 19,
  PID: 212,
  UID: 0,
  ParentProcessName: '/bin/sh',
  ProcessName: '/bin/cat',
  PolicyName: 'guard-token',
  Severity: '7',
  Tags: 'MITRE,CIS',
  ATags: ['MITRE', 'CIS'],
  Message: 'a token was read',
  Type: 'MatchedPolicy',
  Source: '/bin/cat token.txt',
  Operation: 'File',
  Resource: '/run/secrets/token.txt',
  Data: 'lsm=FILE_OPEN',
  EventData: { Lsm: 'FILE_OPEN' },
  Enforcer: 'BPFLSM',
  Action: 'Block',
  Result: 'Permission denied',
  Cwd: '/run/secrets/',
  TTY: 'pts0',
  ExecEvent: { ExecID: '0', ExecutableName: 'cat' },
  KubeArmorVersion: 'v0.1.0',
});

test('an alert of a pod maps to resource, record and body', () => {
  const record = toOtelRecord(alert);
  expect(record.resource).toEqual({
    'service.name': 'kubearmor',
    'service.version': 'v0.1.0',
    'service.instance.id': 'c0ffee42',
    'k8s.cluster.name': 'lab-north',
    'host.name': 'edge-4',
    'host.id': 'c0ffee42',
    'k8s.node.name': 'edge-4',
    'k8s.namespace.name': 'bakery',
    'k8s.pod.name': 'oven-7c9d-q2m5z',
    'k8s.container.name': 'oven',
    'k8s.deployment.name': 'oven',
    'k8s.pod.label.app': 'oven',
    'k8s.pod.label.tier': 'web',
    'container.id': 'f00d77',
    'container.image.name': 'registry.test:5000/bakery/oven',
    'container.image.tags': ['3'],
    'container.image.repo_digests': ['registry.test:5000/bakery/oven@sha256:cc33'],
  });
  expect(record).toMatchObject({
    timeUnixNs: 1_785_400_000_112_233_000n,
    severityNumber: 17,
    severityText: 'ERROR',
    eventName: 'runtime_security.policy_violation',
    body: {
      PolicyName: 'guard-token',
      PPID: 19,
      UID: 0,
      ATags: ['MITRE', 'CIS'],
      EventData: { Lsm: 'FILE_OPEN' },
    },
    attributes: {
      'process.pid': 51_877,
      'process.vpid': 212,
      'process.parent_pid': 51_210,
      'process.executable.path': '/bin/cat',
      'process.executable.name': 'cat',
      'process.command_line': '/bin/cat token.txt',
      'process.command_args': ['/bin/cat', 'token.txt'],
      'process.args_count': 2,
      'process.user.id': '0',
      'process.working_directory': '/run/secrets/',
      'process.interactive': true,
      'file.path': '/run/secrets/token.txt',
      'file.name': 'token.txt',
      'file.directory': '/run/secrets',
      'file.extension': 'txt',
      'security_rule.name': 'guard-token',
      'security_rule.category': 'MITRE,CIS',
      'security_rule.description': 'a token was read',
      'error.type': 'EACCES',
      'kubearmor.action': 'Block',
      'kubearmor.enforcer': 'BPFLSM',
      'kubearmor.severity': 7,
      'kubearmor.event_data.Lsm': 'FILE_OPEN',
    },
  });
  expect(record.body).not.toHaveProperty('Timestamp');
});

/** Conventions end in a template for these. */
const templates = ['k8s.pod.label.', 'container.label.'];

test('every name outside kubearmor. is a published one', () => {
  const published = new Set<unknown>(Object.values(conventions));
  const network = Log.create({
    Operation: 'Network',
    Type: 'ContainerLog',
    UserName: 'mara',
    EventData: { Remoteip: '10.1.2.3', Port: '443', Protocol: 'TCP', Kfunc: 'UDP_SENDSKB', Domain: 'a.test' },
  });
  const firewall = Alert.create({
    Operation: 'NetworkFirewall',
    EventData: {
      SourceIP: '10.1.2.3',
      SourcePort: '1',
      DestinationIP: '10.1.2.4',
      DestinationPort: '2',
      Protocol: 'TCP',
    },
  });
  const plain = { ...alert, NamespaceName: 'container_namespace' };
  const owners = ['StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'].map((Ref) =>
    Alert.create({ Owner: { Ref, Name: 'x', Namespace: 'y' } }),
  );
  const names = [alert, plain, network, firewall, ...owners].flatMap((event) => {
    const record = toOtelRecord(event);
    return [...Object.keys(record.resource), ...Object.keys(record.attributes)];
  });
  const unknown = names.filter(
    (name) =>
      !name.startsWith('kubearmor.') &&
      !published.has(name) &&
      !templates.some((prefix) => name.startsWith(prefix)),
  );
  expect([...new Set(unknown)]).toEqual([]);
  expect(names).toEqual(
    expect.arrayContaining([
      'network.peer.address',
      'dns.question.name',
      'source.address',
      'container.name',
      'k8s.cronjob.name',
      'process.user.name',
    ]),
  );
});

test.each([
  ['1', 'Audit', 9, 'INFO'],
  ['3', 'Audit', 11, 'INFO'],
  ['4', 'Block', 13, 'WARN'],
  ['6', 'Block', 15, 'WARN'],
  ['8', 'Block', 18, 'ERROR'],
  ['9', 'Block', 20, 'ERROR'],
  ['10', 'Block', 21, 'FATAL'],
  ['', 'Block', 13, 'WARN'],
  ['', 'Audit', 9, 'INFO'],
  ['99', 'Audit', 9, 'INFO'],
])('severity %j with action %s is %i %s', (Severity, Action, severityNumber, severityText) => {
  expect(toOtelRecord(Alert.create({ Severity, Action }))).toMatchObject({ severityNumber, severityText });
});

test('telemetry is information about an activity', () => {
  expect(
    toOtelRecord(Log.create({ Operation: 'Process', Resource: '/bin/ls -l', Type: 'HostLog' })),
  ).toMatchObject({
    eventName: 'runtime_security.activity',
    severityNumber: 9,
    attributes: { 'process.command_line': '/bin/ls -l' },
  });
});

test('a container without orchestrator has no k8s names', () => {
  const { resource } = toOtelRecord({ ...alert, NamespaceName: 'container_namespace', Owner: undefined });
  expect(
    Object.keys(resource).filter((name) => name.startsWith('k8s.') && name !== 'k8s.cluster.name'),
  ).toEqual([]);
  expect(resource).toMatchObject({ 'container.name': 'oven', 'container.label.app': 'oven' });
});

test.each([
  ['not a time', 5, 5_000_000_000n],
  ['', 0, 0n],
  ['2026-13-40T99:99:99.000000Z', 7, 7_000_000_000n],
  ['x', -5, 0n],
])('a time of %j falls back to the seconds', (UpdatedTime, Timestamp, expected) => {
  expect(toOtelRecord(Alert.create({ UpdatedTime, Timestamp })).timeUnixNs).toBe(expected);
});

test.each([
  ['nginx', 'nginx', undefined, undefined],
  ['nginx:1', 'nginx', ['1'], undefined],
  ['r:5000/n', 'r:5000/n', undefined, undefined],
  ['n@sha256:aa', 'n', undefined, ['n@sha256:aa']],
])('image %s', (ContainerImage, name, tags, digests) => {
  const { resource } = toOtelRecord(Log.create({ ContainerImage }));
  expect(resource['container.image.name']).toBe(name);
  expect(resource['container.image.tags']).toEqual(tags);
  expect(resource['container.image.repo_digests']).toEqual(digests);
});
