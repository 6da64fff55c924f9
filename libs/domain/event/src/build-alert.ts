/**
 * From one decided access to the Alert or Log that peers know.
 *
 * Invariants
 *  1. Pure: equal inputs give equal events.
 *  2. Every alert names the rule that decided, or DefaultPosture; an alert of the default posture carries no
 *     severity, tags or message.
 *  3. A string field is well-formed UTF-8. A path that is not loses the invalid bytes in Resource and shows all of
 *     them, escaped, in EventData under `ResourceRaw`.
 */
import type { Alert, Log } from '@kubearmor-ts/proto';
import type {
  AccessEvent,
  Attribution,
  NodeInfo,
  SocketEvent,
  Text,
  WorkloadIdentity,
} from './access-event.ts';
import { decideReport } from './decide-report.ts';
import { eventDataOf } from './event-data.ts';
import { escapeInvalidUtf8, toValidUtf8 } from './path-bytes.ts';
import { syscallDataText } from './syscall-text.ts';
import type { Operation } from './value-sets.ts';

export function buildAlert(
  access: AccessEvent,
  attribution: Attribution,
  workload: WorkloadIdentity,
  node: NodeInfo,
): Alert {
  const report = decideReport(access.verdict, attribution);
  const isFromLsm = report.enforcer === 'BPFLSM';
  const base = baseFields(access, workload, node, isFromLsm);
  const rule = report.rule;
  return {
    ...base,
    Type: workload.kind === 'host' ? 'MatchedHostPolicy' : 'MatchedPolicy',
    PolicyName: report.policyName,
    Severity: rule === undefined || rule.severity === 0 ? '' : String(rule.severity),
    Tags: rule === undefined ? '' : rule.tags.map(toValidUtf8).join(','),
    ATags: rule === undefined ? [] : rule.tags.map(toValidUtf8),
    Message: rule === undefined ? '' : toValidUtf8(rule.message),
    Enforcer: report.enforcer,
    Action: report.action,
    Result: report.result,
    MaxAlertsPerSec: 0,
    DroppingAlertsInterval: 0,
    KubeArmorVersion: isFromLsm ? node.version : '',
  };
}

/** Telemetry of an access that no rule asked about. */
export function buildLog(access: AccessEvent, workload: WorkloadIdentity, node: NodeInfo): Log {
  return {
    ...baseFields(access, workload, node, false),
    Type: workload.kind === 'host' ? 'HostLog' : 'ContainerLog',
    Result: access.verdict === 'block' ? 'Permission denied' : 'Passed',
  };
}

function baseFields(access: AccessEvent, workload: WorkloadIdentity, node: NodeInfo, isFromLsm: boolean) {
  const container = workload.kind === 'container' ? workload : undefined;
  const process = processFields(access);
  const data = dataText(access, node, isFromLsm);
  return {
    Timestamp: Number(access.wallNs / 1_000_000_000n),
    UpdatedTime: updatedTimeText(access.wallNs),
    ClusterName: node.clusterName,
    HostName: node.hostName,
    NamespaceName: container?.namespaceName ?? '',
    Owner:
      container?.owner === undefined
        ? undefined
        : { Ref: container.owner.ref, Name: container.owner.name, Namespace: container.owner.namespace },
    PodName: container?.podName ?? '',
    Labels: container === undefined ? '' : labelsText(container.labels),
    ContainerID: container?.containerId ?? '',
    ContainerName: container?.containerName ?? '',
    ContainerImage: container?.containerImage ?? '',
    HostPPID: access.hostPpid,
    HostPID: access.hostPid,
    // Monitor events of existing agents show a parent only where the pid namespace gives it another number.
    PPID: !isFromLsm && access.ppid === access.hostPpid ? 0 : access.ppid,
    PID: access.pid,
    // proto int32: the overflow uid 4294967294 would not fit.
    UID: access.uid | 0,
    ...process,
    Operation: operationOf[access.class],
    Data: data,
    EventData: eventData(access, data),
    Cwd: directoryText(access.cwd),
    TTY: toValidUtf8(access.tty),
    ExecEvent: { ExecID: String(access.execId), ExecutableName: toValidUtf8(access.comm) },
    NodeID: node.nodeId,
    ProcessHash: '',
    ParentHash: '',
    ResourceHash: '',
    HashAlgo: '',
    UserName: workload.kind === 'host' ? (node.users?.get(access.uid) ?? '') : '',
    // Nodes know no other node's pods: the relay names peers.
    PeerKind: '',
    PeerNamespace: '',
    PeerName: '',
  };
}

const operationOf = {
  exec: 'Process',
  file: 'File',
  capability: 'Capabilities',
  network: 'Network',
} as const satisfies Record<AccessEvent['class'], Operation>;

/**
 * An exec event is told from the new program's side: the caller is the parent. Any other access is told from the
 * side of the program that makes it.
 */
function processFields(access: AccessEvent) {
  const resourcePath = resolvePath(access);
  const exe = toValidUtf8(access.exe);
  const parentExe = toValidUtf8(access.parentExe);
  if (access.hook === 'SECURITY_BPRM_CHECK') {
    const caller = exe === '' ? parentExe : exe;
    return {
      ParentProcessName: caller,
      ProcessName: resourcePath,
      Source: caller,
      Resource: commandText(resourcePath, access.cmdline),
    };
  }
  const source = commandText(exe, access.cmdline);
  return {
    ParentProcessName: parentExe,
    ProcessName: exe === '' ? (source.split(' ', 1)[0] ?? '') : exe,
    Source: source,
    Resource: resourcePath,
  };
}

function resolvePath(access: AccessEvent): string {
  const path = toValidUtf8(access.object);
  if (access.class === 'capability') return path;
  if (access.class === 'network') return access.socket === undefined ? path : socketText(access.socket);
  return path.startsWith('/') || path === '' ? path : directoryText(access.cwd) + path;
}

/** Path and arguments: what the program calls itself in argv[0] is no evidence of what ran. */
function commandText(path: string, cmdline: Text): string {
  const text = toValidUtf8(cmdline);
  const words = text.includes('\0')
    ? text.replace(/\0+$/, '').split('\0')
    : text === ''
      ? []
      : text.split(' ');
  if (path === '') return words.join(' ');
  return [path, ...words.slice(1)].join(' ');
}

/** `protocol=TCP type=SOCK_STREAM`, or the type alone. */
const socketText = ({ protocol, type }: SocketEvent): string =>
  [
    ...(protocol === undefined ? [] : [`protocol=${protocol}`]),
    ...(type === '' ? [] : [`type=${type}`]),
  ].join(' ');

/** Beyond what existing agents say: the family, and with whom. */
function peerText({ domain, endpoint }: SocketEvent): string {
  if (endpoint === undefined) return `domain=${domain}`;
  const remote = endpoint.address === '' ? '' : ` remoteip=${endpoint.address}`;
  return `domain=${domain} direction=${endpoint.direction}${remote} port=${endpoint.port}`;
}

function dataText(access: AccessEvent, node: NodeInfo, isFromLsm: boolean): string {
  const hook = `lsm=${access.hook}`;
  if (access.class === 'capability') return `${hook} ${toValidUtf8(access.object)}`;
  if (access.class === 'network')
    return access.socket === undefined
      ? hook
      : [hook, socketText(access.socket), peerText(access.socket)].join(' ');
  if (isFromLsm) return hook;
  return syscallDataText(access.syscall, access.syscallArgs, access.openFlags, node.arch) ?? hook;
}

/** Beyond Data's own tokens: what peers have no field for, and only where there is something to say. */
function eventData(access: AccessEvent, data: string): Record<string, string> {
  const result = eventDataOf('', data, '');
  const raw = escapeInvalidUtf8(access.object);
  if (raw !== undefined) result['ResourceRaw'] = raw;
  if (access.object.length === 0) result['ResourceUnknown'] = 'the path is longer than 4095 bytes';
  if (access.object2 !== undefined && access.object2.length > 0) {
    result['Target'] = escapeInvalidUtf8(access.object2) ?? toValidUtf8(access.object2);
  }
  if (access.count > 1) result['Count'] = String(access.count);
  return result;
}

function directoryText(path: Text): string {
  const text = toValidUtf8(path);
  return text.endsWith('/') ? text : `${text}/`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .sort()
    .map((key) => `${key}=${labels[key] ?? ''}`)
    .join(',');
}

/** `2026-07-30T08:26:40.112233Z`: always six digits, always Z. */
function updatedTimeText(wallNs: bigint): string {
  const seconds = new Date(Number(wallNs / 1_000_000n)).toISOString().slice(0, 19);
  const micros = String((wallNs / 1000n) % 1_000_000n).padStart(6, '0');
  return `${seconds}.${micros}Z`;
}
