import { hookList, Ring, Verdict, Class } from '@kubearmor-ts/abi';
import type { EventAccess } from '@kubearmor-ts/abi';
import { buildAlert, buildLog } from '@kubearmor-ts/event';
import type { AccessEvent, Attribution, HookName, NodeInfo, WorkloadIdentity } from '@kubearmor-ts/event';
import {
  capabilityOfName,
  enforcedClasses,
  parseSocketName,
  postureOf,
  type EnforcedClass,
} from '@kubearmor-ts/plan';
import type { Alert, Log } from '@kubearmor-ts/proto';
import type { CodedError } from '@kubearmor-ts/result';
import { toSocketEvent } from './socket-event.ts';
import type { AttributionHistory, Binding } from './attribution-history.ts';

export interface AccessSink {
  alert(alert: Alert): void;
  log(log: Log): void;
}

export interface AccessReporterOptions {
  readonly history: AttributionHistory;
  readonly sink: AccessSink;
  readonly node: () => NodeInfo;
  readonly toWallNs: (bootNs: bigint) => bigint;
  readonly wallNs: () => bigint;
  readonly onError: (error: CodedError) => void;
}

export interface AccessCounts {
  received: number;
  /** Accesses that the records stand for: the kernel counts repeats. */
  accesses: number;
  attributed: number;
  unattributed: number;
  logs: number;
  lost: number;
}

/** `PolicyName` of an alert whose rules are not known here any more. A denial is never left unreported. */
export const unknownPolicy = 'unknown';

/** Turns the kernel's records into what subscribers read. */
export class AccessReporter {
  readonly counts: AccessCounts = {
    received: 0,
    accesses: 0,
    attributed: 0,
    unattributed: 0,
    logs: 0,
    lost: 0,
  };
  readonly #options: AccessReporterOptions;

  constructor(options: AccessReporterOptions) {
    this.#options = options;
  }

  take(ring: Ring, event: EventAccess): void {
    const { history, sink, node, toWallNs } = this.#options;
    this.counts.received += 1;
    this.counts.accesses += event.count;
    const binding = history.find(event.workload, event.revision);
    const access = toAccess(event, toWallNs(event.bootNs), ring);
    const who = toIdentity(event, binding);
    if (ring === Ring.TELEMETRY) {
      this.counts.logs += 1;
      sink.log(buildLog(access, who, node()));
      return;
    }
    const why = attribute(event, binding);
    if (why === undefined) this.#complain(event);
    else this.counts.attributed += 1;
    sink.alert(buildAlert(access, why ?? unknownAttribution(access), who, node()));
  }

  /** Records that the kernel produced and that never came. */
  lost(ring: Ring, count: number): void {
    if (count <= 0) return;
    this.counts.lost += count;
    const { sink, node, wallNs } = this.#options;
    const host = { bootNs: 0n, wallNs: wallNs(), ...emptyAccess };
    const what = ring === Ring.ALERTS ? 'alerts' : 'logs';
    const alert = buildAlert(host, { kind: 'default', posture: 'audit' }, { kind: 'host' }, node());
    sink.alert({
      ...alert,
      Type: 'SystemEvent',
      PolicyName: '',
      Operation: 'EventsLost',
      Message: `${count} ${what} were lost between the kernel and the agent`,
      Resource: '',
      Source: '',
      ProcessName: '',
      Data: '',
      EventData: { Lost: String(count), Kind: what },
      Enforcer: 'BPFLSM',
      Action: '',
      UserName: '',
      ExecEvent: undefined,
    });
  }

  #complain(event: EventAccess): void {
    this.counts.unattributed += 1;
    this.#options.onError({
      code: 'KA_AGENT_EVENT_UNATTRIBUTED',
      reason: 'EventUnattributed',
      message: `rule ${event.rule} of revision ${event.revision} is not known here any more; the alert names the policy ${unknownPolicy}`,
      object: `workload ${event.workload}`,
    });
  }
}

function toAccess(event: EventAccess, wallNs: bigint, ring: Ring): AccessEvent {
  return {
    bootNs: event.bootNs,
    wallNs,
    class: classOf(event),
    hook: (hookList[event.hook]?.name ?? 'NONE') satisfies HookName,
    verdict: event.verdict === Verdict.BLOCK ? 'block' : ring === Ring.ALERTS ? 'audit' : 'report',
    write: (event.access & 2) !== 0,
    owner: (event.access & 1) !== 0,
    hostPid: event.hostPid,
    hostPpid: event.hostPpid,
    pid: event.pid,
    ppid: event.ppid,
    uid: event.uid,
    execId: event.execId,
    syscall: event.syscall,
    syscallArgs: event.args,
    openFlags: event.openFlags,
    comm: event.comm,
    tty: event.tty,
    ...objectOf(event),
    object2: event.object2,
    exe: event.exe,
    parentExe: event.parentExe,
    cmdline: event.cmdline,
    cwd: event.cwd,
    count: event.count,
  };
}

function objectOf(event: EventAccess): Pick<AccessEvent, 'object' | 'socket'> {
  if (event.cls === Class.CAPABILITY) return { object: capabilityOfName(event.object) };
  if (event.cls !== Class.NETWORK) return { object: event.object };
  const named = parseSocketName(event.object);
  return named === undefined ? { object: event.object } : { object: '', socket: toSocketEvent(named) };
}

/** A class that this program does not know is shown as the file class: its record is not withheld. */
const classOf = ({ cls }: EventAccess): EnforcedClass => enforcedClasses[cls] ?? 'file';

function attribute(event: EventAccess, binding: Binding | undefined): Attribution | undefined {
  if (binding === undefined) return undefined;
  if (event.rule === 0)
    return {
      kind: 'default',
      posture: event.verdict === Verdict.BLOCK ? 'block' : postureOf(classOf(event), binding.postures),
    };
  const rule = binding.plan?.rules[event.rule];
  if (rule === undefined) return undefined;
  return {
    kind: 'rule',
    policyName: rule.policy.name,
    policyKind: rule.policy.kind,
    severity: rule.severity,
    tags: rule.tags,
    message: rule.message,
    action: rule.action,
  };
}

const unknownAttribution = (access: AccessEvent): Attribution => ({
  kind: 'rule',
  policyName: unknownPolicy,
  policyKind: '',
  severity: 0,
  tags: [],
  message: '',
  action: access.verdict === 'block' ? 'Block' : 'Audit',
});

function toIdentity(event: EventAccess, binding: Binding | undefined): WorkloadIdentity {
  if (event.workload === 0) return { kind: 'host' };
  const workload = binding?.workload;
  return {
    kind: 'container',
    namespaceName: workload?.namespace ?? '',
    podName: workload?.pod ?? '',
    labels: workload?.labels ?? {},
    containerId: workload?.containerId ?? '',
    containerName: workload?.container ?? '',
    containerImage: workload?.image ?? '',
  };
}

const emptyAccess = {
  class: 'file',
  hook: 'NONE',
  verdict: 'audit',
  write: false,
  owner: false,
  hostPid: 0,
  hostPpid: 0,
  pid: 0,
  ppid: 0,
  uid: 0,
  execId: 0n,
  syscall: -1,
  syscallArgs: [],
  openFlags: 0,
  comm: '',
  tty: '',
  object: '',
  exe: '',
  parentExe: '',
  cmdline: '',
  cwd: '',
  count: 1,
} as const;
