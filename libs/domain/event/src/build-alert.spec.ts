import type { AccessEvent, Attribution, NodeInfo, WorkloadIdentity } from './index.ts';
import { buildAlert, buildLog, toFormB } from './index.ts';

const node: NodeInfo = {
  clusterName: 'lab-north',
  hostName: 'edge-4',
  nodeId: 'c0ffee42',
  version: 'v0.1.0',
  arch: 'x64',
  users: new Map([[1000, 'mara']]),
};

const pod: WorkloadIdentity = {
  kind: 'container',
  namespaceName: 'bakery',
  podName: 'oven-7c9d-q2m5z',
  owner: { ref: 'Deployment', name: 'oven', namespace: 'bakery' },
  labels: { tier: 'web', app: 'oven' },
  containerId: 'f00d77',
  containerName: 'oven',
  containerImage: 'registry.test/bakery/oven:3@sha256:cc33',
};

const rule = {
  kind: 'rule',
  policyName: 'no-installers',
  policyKind: 'KubeArmorPolicy',
  severity: 6,
  tags: ['MITRE', 'CIS'],
  message: 'an installer ran',
  action: 'Block',
} as const satisfies Attribution;

const exec: AccessEvent = {
  bootNs: 1n,
  wallNs: 1_785_400_000_112_233_444n,
  class: 'exec',
  hook: 'SECURITY_BPRM_CHECK',
  verdict: 'block',
  write: false,
  owner: true,
  hostPid: 51_877,
  hostPpid: 51_210,
  pid: 212,
  ppid: 19,
  uid: 0,
  execId: 731_946_520_187n,
  syscall: 59,
  syscallArgs: [94_000n, 94_100n, 94_200n],
  openFlags: 0,
  comm: 'bash',
  tty: 'pts0',
  object: '/usr/bin/dpkg',
  exe: '/bin/bash',
  parentExe: '/usr/bin/tini',
  cmdline: 'dpkg\0--install\0x.deb\0',
  cwd: '/srv',
  count: 1,
};

const open: AccessEvent = {
  ...exec,
  class: 'file',
  hook: 'FILE_OPEN',
  syscall: 257,
  syscallArgs: [0xffffff9cn, 94_000n, 0o2000000n],
  comm: 'cat',
  object: '/run/secrets/token',
  exe: '/bin/cat',
  parentExe: '/bin/sh',
  cmdline: 'cat\0token\0',
  cwd: '/run/secrets',
};

test('a capability that is refused or audited is an Operation of its own, with the word as Resource and in Data', () => {
  const raw: AccessEvent = {
    ...exec,
    class: 'capability',
    hook: 'CAPABLE',
    object: 'CAP_NET_RAW',
    syscall: 41,
  };
  expect(buildAlert(raw, rule, pod, node)).toMatchObject({
    Operation: 'Capabilities',
    Resource: 'CAP_NET_RAW',
    Data: 'lsm=CAPABLE CAP_NET_RAW',
    EventData: { Lsm: 'CAPABLE' },
    Source: '/bin/bash --install x.deb',
    ProcessName: '/bin/bash',
    Action: 'Block',
    Result: 'Permission denied',
    Enforcer: 'BPFLSM',
  });
  expect(buildAlert({ ...raw, verdict: 'audit' }, { ...rule, action: 'Audit' }, pod, node)).toMatchObject({
    Data: 'lsm=CAPABLE CAP_NET_RAW',
    Action: 'Audit',
    Result: 'Passed',
    Enforcer: 'eBPF Monitor',
  });
});

const outgoing: AccessEvent = {
  ...exec,
  class: 'network',
  hook: 'SOCKET_CONNECT',
  object: '',
  socket: {
    domain: 'AF_INET',
    type: 'SOCK_STREAM',
    protocol: 'TCP',
    endpoint: { direction: 'egress', port: 443, address: '10.0.0.9' },
  },
};

test('a refused connection says what kind it was as existing agents do, and with whom', () => {
  expect(buildAlert(outgoing, rule, pod, node)).toMatchObject({
    Operation: 'Network',
    Resource: 'protocol=TCP type=SOCK_STREAM',
    Data: 'lsm=SOCKET_CONNECT protocol=TCP type=SOCK_STREAM domain=AF_INET direction=egress remoteip=10.0.0.9 port=443',
    EventData: {
      Lsm: 'SOCKET_CONNECT',
      Protocol: 'TCP',
      Type: 'SOCK_STREAM',
      Domain: 'AF_INET',
      Direction: 'egress',
      Remoteip: '10.0.0.9',
      Port: '443',
    },
    Action: 'Block',
  });
});

test('a socket of another family has a type and no protocol, and none has a peer before it calls', () => {
  const local: AccessEvent = {
    ...outgoing,
    hook: 'SOCKET_CREATE',
    socket: { domain: 'AF_PACKET', type: 'SOCK_RAW' },
  };
  expect(buildAlert(local, rule, pod, node)).toMatchObject({
    Resource: 'type=SOCK_RAW',
    Data: 'lsm=SOCKET_CREATE type=SOCK_RAW domain=AF_PACKET',
  });
});

test('a blocked exec in a pod gives the JSON line existing consumers parse', () => {
  expect(toFormB(buildAlert(exec, rule, pod, node))).toBe(
    '{"Timestamp":1785400000,"UpdatedTime":"2026-07-30T08:26:40.112233Z","ClusterName":"lab-north","HostName":"edge-4",' +
      '"NamespaceName":"bakery","Owner":{"Ref":"Deployment","Name":"oven","Namespace":"bakery"},' +
      '"PodName":"oven-7c9d-q2m5z","Labels":"app=oven,tier=web","ContainerID":"f00d77","ContainerName":"oven",' +
      '"ContainerImage":"registry.test/bakery/oven:3@sha256:cc33","HostPPID":51210,"HostPID":51877,"PPID":19,"PID":212,' +
      '"UID":0,"ParentProcessName":"/bin/bash","ProcessName":"/usr/bin/dpkg","PolicyName":"no-installers",' +
      '"Severity":"6","Tags":"MITRE,CIS","ATags":["MITRE","CIS"],"Message":"an installer ran","Type":"MatchedPolicy",' +
      '"Source":"/bin/bash","Operation":"Process","Resource":"/usr/bin/dpkg --install x.deb",' +
      '"Data":"lsm=SECURITY_BPRM_CHECK","EventData":{"Lsm":"SECURITY_BPRM_CHECK"},"Enforcer":"BPFLSM",' +
      '"Action":"Block","Result":"Permission denied","Cwd":"/srv/","TTY":"pts0",' +
      '"ExecEvent":{"ExecID":"731946520187","ExecutableName":"bash"},"KubeArmorVersion":"v0.1.0","NodeID":"c0ffee42"}',
  );
});

test('an audited open tells the system call, its flags and the command line of the caller', () => {
  const alert = buildAlert({ ...open, verdict: 'audit' }, { ...rule, action: 'Audit' }, pod, node);
  expect(alert).toMatchObject({
    Operation: 'File',
    Source: '/bin/cat token',
    ProcessName: '/bin/cat',
    ParentProcessName: '/bin/sh',
    Resource: '/run/secrets/token',
    Data: 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_CLOEXEC',
    EventData: { Syscall: 'SYS_OPENAT', Fd: '-100', Flags: 'O_RDONLY|O_CLOEXEC' },
    Enforcer: 'eBPF Monitor',
    KubeArmorVersion: '',
    Cwd: '/run/secrets/',
  });
});

const decided = {
  Severity: '6',
  Tags: 'MITRE,CIS',
  Message: 'an installer ran',
  PolicyName: 'no-installers',
};
const posture = { Severity: '', Tags: '', ATags: [], Message: '', PolicyName: 'DefaultPosture' };

test.each<[string, AccessEvent['verdict'], Attribution, object]>([
  [
    'a Block rule',
    'block',
    rule,
    { ...decided, Action: 'Block', Result: 'Permission denied', Enforcer: 'BPFLSM' },
  ],
  [
    'an Audit rule',
    'audit',
    { ...rule, action: 'Audit' },
    { ...decided, Action: 'Audit', Result: 'Passed', Enforcer: 'eBPF Monitor' },
  ],
  [
    'a Block rule in audited mode',
    'audit',
    rule,
    { ...decided, Action: 'Audit (Block)', Result: 'Passed', Enforcer: 'eBPF Monitor' },
  ],
  [
    'the block posture',
    'block',
    { kind: 'default', posture: 'block' },
    { ...posture, Action: 'Block', Result: 'Permission denied', Enforcer: 'BPFLSM', Data: 'lsm=FILE_OPEN' },
  ],
  [
    'the audit posture',
    'audit',
    { kind: 'default', posture: 'audit' },
    { ...posture, Action: 'Audit', Result: 'Passed', Enforcer: 'BPFLSM', Data: 'lsm=FILE_OPEN' },
  ],
  [
    'the block posture in audited mode',
    'audit',
    { kind: 'default', posture: 'block' },
    { ...posture, Action: 'Audit (Block)', Result: 'Passed', Enforcer: 'eBPF Monitor' },
  ],
  [
    'an Allow rule whose flags refuse',
    'block',
    { ...rule, action: 'Allow' },
    { ...posture, Action: 'Block', Result: 'Permission denied', Enforcer: 'BPFLSM' },
  ],
  [
    'an Allow rule whose flags refuse under the audit posture',
    'audit',
    { ...rule, action: 'Allow' },
    { ...posture, Action: 'Audit', Result: 'Passed', Enforcer: 'BPFLSM' },
  ],
])('%s gives its policy, action, result and enforcer', (_name, verdict, attribution, expected) => {
  expect(buildAlert({ ...open, verdict }, attribution, pod, node)).toMatchObject(expected);
});

test('a host alert names the user and carries no container', () => {
  const access = { ...open, uid: 1000, ppid: open.hostPpid };
  const alert = buildAlert(access, rule, { kind: 'host' }, node);
  expect(alert).toMatchObject({
    Type: 'MatchedHostPolicy',
    UserName: 'mara',
    NamespaceName: '',
    PodName: '',
    ContainerID: '',
    ContainerName: '',
    ContainerImage: '',
    Labels: '',
    Owner: undefined,
    PPID: open.hostPpid,
  });
  expect(buildAlert({ ...access, uid: 77 }, rule, { kind: 'host' }, node).UserName).toBe('');
});

test('a monitor event shows no parent where host and workload share pid numbers', () => {
  const access: AccessEvent = { ...open, verdict: 'report', ppid: open.hostPpid };
  expect(buildLog(access, { kind: 'host' }, node)).toMatchObject({
    PPID: 0,
    Type: 'HostLog',
    Result: 'Passed',
  });
});

test('telemetry of a pod is a ContainerLog with the result of the access', () => {
  expect(buildLog({ ...open, verdict: 'report' }, pod, node)).toMatchObject({
    Type: 'ContainerLog',
    Result: 'Passed',
  });
});

test('bytes that are not UTF-8 leave Resource and stay exact in EventData', () => {
  const object = Buffer.concat([Buffer.from('/tmp/a'), Buffer.from([0xff, 0xc3]), Buffer.from('\\é')]);
  expect(buildAlert({ ...open, object }, rule, pod, node)).toMatchObject({
    Resource: '/tmp/a\\é',
    EventData: { Lsm: 'FILE_OPEN', ResourceRaw: '/tmp/a\\xff\\xc3\\\\é' },
  });
});

test('a rename shows where to, and a repeated access how often', () => {
  const access: AccessEvent = {
    ...open,
    hook: 'FILE_RENAME',
    object: '/etc/a',
    object2: '/etc/b',
    count: 17,
  };
  expect(buildAlert(access, rule, pod, node).EventData).toEqual({
    Lsm: 'FILE_RENAME',
    Target: '/etc/b',
    Count: '17',
  });
});

test.each<[string, Partial<AccessEvent>, object]>([
  [
    'a relative path is joined to the working directory',
    { object: 'token' },
    { Resource: '/run/secrets/token' },
  ],
  [
    'an unknown program shows the first word of its command line',
    { exe: '' },
    { ProcessName: 'cat', Source: 'cat token' },
  ],
  ['blank-separated arguments are taken as they are', { cmdline: 'cat a b' }, { Source: '/bin/cat a b' }],
  ['no arguments leave the path alone', { cmdline: '' }, { Source: '/bin/cat' }],
  ['an unknown parent stays empty', { parentExe: '' }, { ParentProcessName: '' }],
  [
    'a program mapped as code is told from the caller',
    { class: 'exec', hook: 'MMAP_FILE' },
    { Operation: 'Process', ProcessName: '/bin/cat', Resource: '/run/secrets/token' },
  ],
  ['the overflow uid fits the field', { uid: 4_294_967_294 }, { UID: -2 }],
])('%s', (_name, change, expected) => {
  expect(buildAlert({ ...open, ...change }, rule, pod, node)).toMatchObject(expected);
});

test('a rule without a severity leaves the field out', () => {
  expect(buildAlert(open, { ...rule, severity: 0 }, pod, node).Severity).toBe('');
});

test('an exec whose caller is unknown falls back to the parent', () => {
  expect(buildAlert({ ...exec, exe: '', cmdline: '' }, rule, pod, node)).toMatchObject({
    Source: '/usr/bin/tini',
    ParentProcessName: '/usr/bin/tini',
    Resource: '/usr/bin/dpkg',
  });
});

test('an object whose path could not be built is said to be unknown, not left to guess', () => {
  const alert = buildAlert({ ...exec, object: '' }, rule, pod, node);
  expect(alert.EventData['ResourceUnknown']).toMatch(/longer than 4095 bytes/);
  expect(buildAlert(exec, rule, pod, node).EventData).not.toHaveProperty('ResourceUnknown');
});
