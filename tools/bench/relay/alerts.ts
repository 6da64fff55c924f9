import { randomBytes } from 'node:crypto';
import { Alert } from '@kubearmor-ts/proto';

/** What an agent's alerts are like: mostly the same words, numbers and a few names of their own. About 900 bytes. */
export function alertOf(agent: number, serial: number, data = ''): Alert {
  const pod = `oven-7c9d5f-${String(agent).padStart(3, '0')}${String(serial % 20)}`;
  const file = randomBytes(6).toString('hex');
  const now = new Date();
  return Alert.create({
    Timestamp: Math.floor(now.getTime() / 1000),
    UpdatedTime: now.toISOString().replace('Z', `${String(serial % 1000).padStart(3, '0')}Z`),
    ClusterName: 'lab-north',
    HostName: `edge-${String(agent)}`,
    NodeID: `c0ffee${String(agent)}`,
    NamespaceName: 'bakery',
    Owner: { Ref: 'Deployment', Name: 'oven', Namespace: 'bakery' },
    PodName: pod,
    Labels: 'app=oven,tier=web,release=stable',
    ContainerID: (agent * 20 + (serial % 20)).toString(16).padStart(64, '7'),
    ContainerName: 'oven',
    ContainerImage: `registry.test/bakery/oven:3@sha256:${'c3'.repeat(32)}`,
    HostPPID: 51_210 + (serial % 500),
    HostPID: 60_000 + (serial % 9000),
    PPID: 19,
    PID: 200 + (serial % 9000),
    UID: 1000,
    ParentProcessName: '/bin/sh',
    ProcessName: '/usr/bin/cat',
    PolicyName: 'guard-service-account-tokens',
    Severity: '7',
    Tags: 'MITRE,MITRE_T1552_unsecured_credentials',
    ATags: ['MITRE', 'MITRE_T1552_unsecured_credentials'],
    Message: 'a service account token was read',
    Type: 'MatchedPolicy',
    Source: `/usr/bin/cat /run/secrets/kubernetes.io/serviceaccount/..${file}/token`,
    Operation: 'File',
    Resource: `/run/secrets/kubernetes.io/serviceaccount/..${file}/token`,
    Data: data === '' ? 'lsm=FILE_OPEN' : data,
    EventData: { Lsm: 'FILE_OPEN' },
    Enforcer: 'BPFLSM',
    Action: 'Block',
    Result: 'Permission denied',
    Cwd: '/srv/oven/',
    TTY: 'pts0',
    ExecEvent: { ExecID: String(serial), ExecutableName: 'cat' },
    KubeArmorVersion: 'v1.7.0',
    UserName: 'baker',
  });
}
