import type { MessageFns } from './index.ts';
import {
  Alert,
  Log,
  LogServiceService,
  PolicyServiceService,
  PolicyStatus,
  ProbeServiceService,
  StateAgentService,
  descriptors,
} from './index.ts';

test('method paths keep the letter case that existing peers dial', () => {
  const services = [LogServiceService, PolicyServiceService, ProbeServiceService, StateAgentService];
  expect(services.flatMap((service) => Object.values(service).map((method) => method.path)).sort()).toEqual([
    '/feeder.LogService/HealthCheck',
    '/feeder.LogService/WatchAlerts',
    '/feeder.LogService/WatchLogs',
    '/feeder.LogService/WatchMessages',
    '/policy.PolicyService/containerPolicy',
    '/policy.PolicyService/hostPolicy',
    '/policy.PolicyService/networkPolicy',
    '/policy.ProbeService/getProbeData',
    '/state_agent.StateAgent/GetState',
    '/state_agent.StateAgent/WatchState',
  ]);
});

/** Declaration order is the JSON key order of Go peers; the numbers are what is on the wire. */
const alertFields = `Timestamp=1 UpdatedTime=2 ClusterName=3 HostName=4 NamespaceName=5 Owner=31 PodName=6 Labels=29
  ContainerID=7 ContainerName=8 ContainerImage=24 HostPPID=27 HostPID=9 PPID=10 PID=11 UID=12 ParentProcessName=25
  ProcessName=26 PolicyName=13 Severity=14 Tags=15 ATags=30 Message=16 Type=17 Source=18 Operation=19 Resource=20
  Data=21 EventData=43 Enforcer=28 Action=22 Result=23 Cwd=32 TTY=33 MaxAlertsPerSec=34 DroppingAlertsInterval=35
  ExecEvent=36 KubeArmorVersion=37 NodeID=38 ProcessHash=39 ParentHash=40 ResourceHash=41 HashAlgo=42 UserName=44`;
const logFields = `Timestamp=1 UpdatedTime=2 ClusterName=3 HostName=4 NamespaceName=5 Owner=24 PodName=6 Labels=23
  ContainerID=7 ContainerName=8 ContainerImage=19 ParentProcessName=20 ProcessName=21 HostPPID=22 HostPID=9 PPID=10
  PID=11 UID=12 Type=13 Source=14 Operation=15 Resource=16 Data=17 EventData=33 Result=18 Cwd=25 TTY=26 ExecEvent=27
  NodeID=28 ProcessHash=29 ParentHash=30 ResourceHash=31 HashAlgo=32 UserName=34`;

/** Far above any number that existing peers may use next. */
const ownFields = 'PeerKind=1000 PeerNamespace=1001 PeerName=1002';

/** Encodes one field alone and reads back the tag it was written under. */
function wireNumber(codec: MessageFns<object>, field: string): number {
  const empty = codec.create() as Record<string, unknown>;
  const value = empty[field];
  let probe: unknown;
  if (typeof value === 'number') probe = 1;
  else if (typeof value === 'string') probe = 'x';
  else if (Array.isArray(value)) probe = ['x'];
  else if (field === 'EventData') probe = { k: 'v' };
  else probe = {};
  const bytes = codec.encode(codec.fromPartial({ [field]: probe })).finish();
  let tag = 0;
  for (let i = 0; i < bytes.length; i++) {
    tag |= (bytes[i]! & 0x7f) << (7 * i);
    if (bytes[i]! < 0x80) break;
  }
  return tag >>> 3;
}

test.each<[string, MessageFns<object>, string]>([
  ['Alert', Alert as unknown as MessageFns<object>, alertFields],
  ['Log', Log as unknown as MessageFns<object>, logFields],
])(
  '%s has the fields of existing peers, in their order and under their numbers, and ours after them',
  (_name, codec, table) => {
    const rows = `${table} ${ownFields}`.split(/\s+/).map((row) => row.split('=') as [string, string]);
    expect(Object.keys(codec.create())).toEqual(rows.map(([name]) => name));
    expect(rows.map(([name]) => `${name}=${String(wireNumber(codec, name))}`)).toEqual(
      rows.map((row) => row.join('=')),
    );
  },
);

test('policy states have the numbers existing clients print', () => {
  expect(PolicyStatus).toMatchObject({
    Failure: 0,
    Applied: 1,
    Deleted: 2,
    Modified: 3,
    NotExist: 4,
    Invalid: 5,
    NotEnabled: 6,
  });
});

test('a descriptor is kept for every proto file', () => {
  expect(Object.keys(descriptors).sort()).toEqual([
    'google/protobuf/empty.proto',
    'kubearmor/kubearmor.proto',
    'kubearmor/policy.proto',
    'kubearmor/state.proto',
    'kubearmor_ts/stream/v1/event_stream.proto',
  ]);
});
