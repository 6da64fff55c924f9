import { aLog, anAlert, hostileAlert, hostileLog } from '@kubearmor-ts/test-events';
import fc from 'fast-check';
import { toOcsf, toOcsfActivity } from './index.ts';

test('an alert is a detection finding with the activity as evidence', () => {
  expect(toOcsf(anAlert(), 'id-1')).toMatchObject({
    category_uid: 2,
    class_uid: 2004,
    activity_id: 1,
    type_uid: 200_401,
    severity_id: 4,
    time: 1_785_400_000_112,
    status_id: 1,
    is_alert: true,
    action_id: 2,
    disposition_id: 2,
    metadata: { version: '1.5.0', uid: 'id-1', product: { name: 'kubearmor-ts', vendor_name: 'KubeArmor' } },
    finding_info: { uid: 'id-1', analytic: { type_id: 1, name: 'guard-token' } },
    evidences: [
      {
        file: { path: '/run/secrets/token.txt', name: 'token.txt' },
        actor: { process: { pid: 51_877, container: { uid: 'f00d77' } } },
        data: { class_uid: 1001, type_uid: 100_114 },
      },
    ],
    resources: [{ type: 'Pod', name: 'oven-7c9d-q2m5z', namespace: 'bakery' }, { type: 'Cluster' }],
  });
});

test('telemetry is the activity itself', () => {
  expect(toOcsf(aLog(), 'i')).toMatchObject({
    class_uid: 4001,
    type_uid: 400_101,
    severity_id: 1,
    status_id: 1,
    dst_endpoint: { ip: '10.96.14.20', port: 5432 },
    connection_info: { direction_id: 2, protocol_name: 'tcp' },
  });
});

test.each<[string, Parameters<typeof anAlert>[0], number, number]>([
  ['an exec', { Operation: 'Process' }, 1007, 1],
  ['a ptrace', { Operation: 'Process', EventData: { Syscall: 'SYS_PTRACE' } }, 1007, 4],
  ['a deletion', { EventData: { Lsm: 'FILE_UNLINK' } }, 1001, 4],
  ['a rename', { EventData: { Lsm: 'FILE_RENAME' } }, 1001, 5],
  ['a change of mode', { EventData: { Lsm: 'FILE_CHMOD' } }, 1001, 7],
  ['a read', { EventData: { Flags: 'O_RDONLY' } }, 1001, 2],
  ['a denied connection', { Operation: 'Network', EventData: { Lsm: 'SOCKET_CONNECT' } }, 4001, 5],
  ['a DNS query', { Operation: 'Network', EventData: { Lsm: 'SOCKET_SENDMSG', Domain: 'a.test' } }, 4003, 1],
  ['a capability', { Operation: 'Capabilities' }, 1003, 4],
  ['a setuid', { Operation: 'Syscall', EventData: { Syscall: 'SYS_SETUID' } }, 1007, 5],
  ['a device', { Operation: 'Device' }, 1010, 1],
  ['a throttle notice', { Type: 'SystemEvent', Operation: 'AlertThreshold' }, 0, 99],
])('%s has its class and activity', (_name, changes, classUid, activityId) => {
  expect(toOcsfActivity(anAlert(changes), 'i')).toMatchObject({
    class_uid: classUid,
    activity_id: activityId,
    category_uid: Math.floor(classUid / 1000),
    type_uid: classUid * 100 + activityId,
  });
});

test('an exec is told with the caller as actor and the new program as process', () => {
  const event = anAlert({
    Operation: 'Process',
    ProcessName: '/usr/bin/apt',
    Resource: '/usr/bin/apt update',
  });
  expect(toOcsfActivity(event, 'i')).toMatchObject({
    actor: { process: { pid: 51_210, file: { path: '/bin/sh' } } },
    process: { pid: 51_877, cmd_line: '/usr/bin/apt update', file: { path: '/usr/bin/apt' } },
    launch_type_id: 3,
  });
});

test('an audited access is allowed and detected', () => {
  expect(toOcsf(anAlert({ Action: 'Audit', Result: 'Passed' }), 'i')).toMatchObject({
    action_id: 1,
    disposition_id: 15,
  });
});

test('what every class demands is there, whatever the event holds', () => {
  const demanded: Readonly<Record<number, readonly string[]>> = {
    0: [],
    1001: ['actor', 'device', 'file'],
    1003: ['actor', 'device', 'kernel'],
    1007: ['actor', 'device', 'process'],
    1010: ['actor', 'device', 'peripheral_device'],
    2004: ['finding_info'],
    4001: [],
    4003: [],
  };
  const base = ['activity_id', 'category_uid', 'class_uid', 'type_uid', 'severity_id', 'time', 'metadata'];
  fc.assert(
    fc.property(fc.oneof(hostileAlert, hostileLog), (event) => {
      for (const mapped of [toOcsf(event, 'i'), toOcsfActivity(event, 'i')]) {
        for (const key of [...base, ...demanded[mapped['class_uid'] as number]!])
          expect(Object.keys(mapped)).toContain(key);
        expect(mapped['severity_id']).toBeGreaterThanOrEqual(1);
      }
    }),
  );
});
