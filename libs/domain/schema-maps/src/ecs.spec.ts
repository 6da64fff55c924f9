import { aLog, anAlert } from '@kubearmor-ts/test-events';
import { toEcs } from './index.ts';

test('an alert has the fields that searches use', () => {
  expect(toEcs(anAlert(), 'id-1')).toMatchObject({
    '@timestamp': '2026-07-30T08:26:40.112233Z',
    ecs: { version: '9.0.0' },
    message: 'a token was read',
    tags: ['MITRE', 'CIS'],
    event: {
      id: 'id-1',
      kind: 'alert',
      category: ['intrusion_detection', 'file'],
      type: ['access', 'denied'],
      action: 'block',
      outcome: 'failure',
      severity: 7,
    },
    rule: { name: 'guard-token' },
    host: { name: 'edge-4', id: 'c0ffee42' },
    container: { id: 'f00d77', image: { name: 'registry.test:5000/bakery/oven', tag: ['3'] } },
    orchestrator: {
      type: 'kubernetes',
      cluster: { name: 'lab-north' },
      namespace: 'bakery',
      resource: { type: 'pod', name: 'oven-7c9d-q2m5z', label: ['app:oven', 'tier:web'] },
    },
    process: { pid: 51_877, executable: '/bin/cat', parent: { executable: '/bin/sh' }, user: { id: '0' } },
    file: { path: '/run/secrets/token.txt', extension: 'txt', directory: '/run/secrets' },
  });
});

test('telemetry is an event, and says nothing that it does not know', () => {
  const document = toEcs(aLog(), 'i');
  expect(document).toMatchObject({
    event: { kind: 'event', category: ['network'], type: ['connection'], outcome: 'success', severity: 0 },
    destination: { ip: '10.96.14.20', port: 5432 },
    network: { transport: 'tcp', type: 'ipv4' },
  });
  for (const absent of ['rule', 'file', 'tags', 'error', 'dns', 'source'])
    expect(document).not.toHaveProperty(absent);
});

test.each([
  ['FILE_UNLINK', '', 'deletion'],
  ['FILE_MKDIR', '', 'creation'],
  ['FILE_CHMOD', '', 'change'],
  ['', 'O_RDONLY|O_CLOEXEC', 'access'],
  ['', 'O_WRONLY|O_CREAT', 'creation'],
  ['', 'O_RDWR', 'change'],
])('hook %j with flags %j is %s', (lsm, flags, type) => {
  const event = anAlert({ EventData: { ...(lsm === '' ? {} : { Lsm: lsm }), Flags: flags } });
  expect(toEcs(event, 'i')).toMatchObject({ event: { type: [type, 'denied'] } });
});

test('an address that is none is in no address field', () => {
  const document = toEcs(aLog({ EventData: { Remoteip: '999.1.1.1 x' } }), 'i');
  expect(document).not.toHaveProperty('destination');
});

test('only categories and types of the schema are used', () => {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    intrusion_detection: ['allowed', 'denied', 'info'],
    process: ['access', 'change', 'end', 'info', 'start'],
    file: ['access', 'change', 'creation', 'deletion', 'info'],
    network: ['access', 'allowed', 'connection', 'denied', 'end', 'info', 'protocol', 'start'],
    host: ['access', 'change', 'end', 'info', 'start'],
  };
  for (const Operation of [
    'Process',
    'File',
    'Network',
    'NetworkFirewall',
    'Capabilities',
    'Syscall',
    'Device',
  ]) {
    const { category, type } = toEcs(anAlert({ Operation }), 'i')['event'] as unknown as {
      category: string[];
      type: string[];
    };
    const union = category.flatMap((name) => allowed[name]!);
    expect(type.filter((name) => !union.includes(name))).toEqual([]);
  }
});
