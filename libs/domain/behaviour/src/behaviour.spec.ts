import { Alert, Log } from '@kubearmor-ts/proto';
import { behaviourOf, eventTimeMs, repeatKey, workloadOf } from './index.ts';

const rows: [string, Partial<Log>, string][] = [
  [
    'an exec: who started what, without its arguments',
    {
      Operation: 'Process',
      ParentProcessName: '/bin/sh',
      ProcessName: '/bin/ls',
      Resource: '/bin/ls -la /root',
    },
    'process /bin/sh /bin/ls [exec]',
  ],
  [
    'an exec of an older peer that names no program',
    { Operation: 'Process', Source: '/bin/sh -c x', Resource: '/bin/ls -la' },
    'process /bin/sh /bin/ls [exec]',
  ],
  [
    'a file opened for writing',
    {
      Operation: 'File',
      ProcessName: '/bin/sh',
      Resource: '/etc/a b',
      Data: 'syscall=SYS_OPENAT flags=O_WRONLY|O_CREAT',
    },
    'file /bin/sh /etc/a b [write]',
  ],
  [
    'a file opened',
    { Operation: 'File', Source: '/bin/cat x', Resource: '/x', Data: 'lsm=FILE_OPEN' },
    'file /bin/cat /x [read]',
  ],
  [
    'a file removed',
    { Operation: 'File', ProcessName: '/bin/rm', Resource: '/x', Data: 'lsm=FILE_UNLINK' },
    'file /bin/rm /x [unlink]',
  ],
  [
    'a connection out, with the port that is dialled',
    {
      Operation: 'Network',
      ProcessName: '/curl',
      Resource: 'remoteip=10.0.0.9 port=443 protocol=TCP',
      Data: 'kprobe=tcp_connect domain=AF_INET',
    },
    'network /curl 10.0.0.9 [TCP/443 out]',
  ],
  [
    'a connection in, without the port of the client',
    {
      Operation: 'Network',
      ProcessName: '/srv',
      Resource: 'remoteip=10.0.0.9 port=51233 protocol=TCP',
      Data: 'kprobe=tcp_accept domain=AF_INET6',
    },
    'network /srv 10.0.0.9 [TCP in]',
  ],
  [
    'a question to DNS',
    {
      Operation: 'Network',
      ProcessName: '/curl',
      Resource: 'sa_family=AF_INET sin_port=53',
      Data: 'kfunc=UDP_SENDSKB domain=example.com daddr=10.96.0.10 qtype=A',
    },
    'network /curl example.com [dns]',
  ],
  [
    'a bind, in any order of keys',
    {
      Operation: 'Network',
      ProcessName: '/srv',
      Resource: 'sin_port=80 sa_family=AF_INET sin_addr=0.0.0.0',
      Data: 'syscall=SYS_BIND fd=7',
    },
    'network /srv 0.0.0.0 [80 bind]',
  ],
  [
    'a socket of a kind',
    {
      Operation: 'Network',
      ProcessName: '/ping',
      Resource: 'type=SOCK_RAW',
      Data: 'lsm=SOCKET_CREATE type=SOCK_RAW',
    },
    'network /ping type=SOCK_RAW [create]',
  ],
  [
    'a system call',
    { Operation: 'Syscall', ProcessName: '/su', Data: 'syscall=SYS_SETUID userid=0' },
    'syscall /su SYS_SETUID []',
  ],
  [
    'a capability',
    { Operation: 'Capabilities', ProcessName: '/ping', Resource: 'CAP_NET_RAW' },
    'capability /ping CAP_NET_RAW []',
  ],
  ['what this version has no name for', { Operation: 'Teleport', ProcessName: '/x' }, 'other /x Teleport []'],
];

test.each(rows)('%s', (_name, fields, expected) => {
  const { class: kind, source, target, detail } = behaviourOf(Log.create(fields));
  expect(`${kind} ${source} ${target} [${detail}]`).toBe(expected);
});

test.each([
  ['', 'Passed', 'allowed'],
  ['', 'Permission denied', 'failed'],
  ['Audit', 'Passed', 'audited'],
  ['Audit (Block)', 'Passed', 'audited'],
  ['Block', 'Permission denied', 'blocked'],
])('action %j with result %j is %s', (Action, Result, outcome) => {
  expect(behaviourOf(Alert.create({ Operation: 'File', Action, Result })).outcome).toBe(outcome);
});

test('a workload is the owner and the container, whatever the pod', () => {
  const event = {
    ClusterName: 'c',
    HostName: 'n',
    NamespaceName: 'shop',
    PodName: 'web-1',
    ContainerName: 'web',
    Owner: { Ref: 'Deployment', Name: 'web', Namespace: 'shop' },
  };
  const deployed = {
    cluster: 'c',
    host: '',
    namespace: 'shop',
    ownerKind: 'Deployment',
    ownerName: 'web',
    container: 'web',
  };
  expect(workloadOf(Log.create(event))).toEqual(deployed);
  expect(workloadOf(Log.create({ ...event, PodName: 'web-2' }))).toEqual(deployed);
  expect(workloadOf(Log.create({ ...event, Owner: undefined }))).toMatchObject({
    ownerKind: 'Pod',
    ownerName: 'web-1',
  });
  expect(workloadOf(Log.create({ ClusterName: 'c', HostName: 'n', Type: 'HostLog' }))).toMatchObject({
    host: 'n',
    container: '',
  });
});

test('repeats differ in time and process only', () => {
  const event = Alert.create({
    PodName: 'a',
    Resource: '/x',
    PID: 1,
    UpdatedTime: '2026-07-30T08:26:40.112233Z',
  });
  expect(repeatKey({ ...event, PID: 2, HostPID: 9, UpdatedTime: 'x', Timestamp: 3 })).toBe(repeatKey(event));
  for (const other of [{ PodName: 'b' }, { Resource: '/y' }, { PolicyName: 'p' }, { UID: 1 }])
    expect(repeatKey({ ...event, ...other })).not.toBe(repeatKey(event));
});

test('the time of an event is the exact one where there is one', () => {
  expect(eventTimeMs(Log.create({ UpdatedTime: '2026-07-30T08:26:40.112233Z', Timestamp: 1 }))).toBe(
    Date.UTC(2026, 6, 30, 8, 26, 40, 112),
  );
  expect(eventTimeMs(Log.create({ UpdatedTime: 'yesterday', Timestamp: 5 }))).toBe(5000);
  expect(eventTimeMs(Log.create({ Timestamp: 9e15 }))).toBe(8.64e15);
});

test('what is very long is cut and marked, never in the middle of a character', () => {
  const { target } = behaviourOf(Log.create({ Operation: 'File', Resource: `${'a'.repeat(1022)}🥖🥖` }));
  expect(target).toBe(`${'a'.repeat(1022)}…`);
});
