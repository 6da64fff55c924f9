/**
 * Alert and Log → OpenTelemetry log record, by semantic conventions 1.44.
 *
 *  1. An attribute is set only when the event knows its value; empty is absent.
 *  2. The resource says who acted and where, the record what happened; two events of one container have equal
 *     resources, so exporters can group them.
 *  3. What has no conventional name lives under `kubearmor.`.
 */
import { containerNamespace, isAlert, shownFields } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { parseContainerImage } from './container-image.ts';
import { eventTimeNs } from './event-time.ts';
import { networkFacts } from './network-facts.ts';
import type { OtelAttributes, OtelRecord, OtelValue } from './otel-record.ts';
import { otelSeverity } from './otel-severity.ts';
import { commandLineOf, errorName } from './outcome.ts';
import { baseName, directoryOf, extensionOf } from './path-name.ts';
import { podLabels } from './pod-labels.ts';

export function toOtelRecord(event: Alert | Log): OtelRecord {
  const body = Object.fromEntries(shownFields(event).filter(([key]) => key !== 'Timestamp'));
  return {
    resource: resourceAttributes(event),
    timeUnixNs: eventTimeNs(event),
    ...otelSeverity(event),
    eventName: eventName(event),
    body,
    attributes: recordAttributes(event),
  };
}

/** Fixed names: what varies is in attributes. */
function eventName(event: Alert | Log): string {
  if (event.Type === 'SystemEvent') return 'runtime_security.alerts_throttled';
  return isAlert(event) ? 'runtime_security.policy_violation' : 'runtime_security.activity';
}

const ownerKinds: Readonly<Record<string, string>> = {
  Deployment: 'k8s.deployment.name',
  StatefulSet: 'k8s.statefulset.name',
  DaemonSet: 'k8s.daemonset.name',
  ReplicaSet: 'k8s.replicaset.name',
  Job: 'k8s.job.name',
  CronJob: 'k8s.cronjob.name',
};

function resourceAttributes(event: Alert | Log): OtelAttributes {
  const isOrchestrated = event.NamespaceName !== containerNamespace;
  const ownerKey = ownerKinds[event.Owner?.Ref ?? ''];
  const labelPrefix = isOrchestrated ? 'k8s.pod.label.' : 'container.label.';
  return present([
    ['service.name', 'kubearmor'],
    ['service.version', isAlert(event) ? event.KubeArmorVersion : ''],
    ['service.instance.id', event.NodeID],
    ['k8s.cluster.name', event.ClusterName],
    ['host.name', event.HostName],
    ['host.id', event.NodeID],
    ...(isOrchestrated
      ? ([
          ['k8s.node.name', event.HostName],
          ['k8s.namespace.name', event.NamespaceName],
          ['k8s.pod.name', event.PodName],
          ['k8s.container.name', event.ContainerName],
        ] as const)
      : ([['container.name', event.ContainerName]] as const)),
    ...(ownerKey === undefined ? [] : ([[ownerKey, event.Owner?.Name ?? '']] as const)),
    ...podLabels(event.Labels).map(([key, value]) => [`${labelPrefix}${key}`, value] as const),
    ['container.id', event.ContainerID],
    ...imageAttributes(event.ContainerImage),
  ]);
}

function imageAttributes(image: string): readonly (readonly [string, OtelValue])[] {
  const { name, tag, digest } = parseContainerImage(image);
  return [
    ['container.image.name', name],
    ['container.image.tags', tag === '' ? [] : [tag]],
    ['container.image.repo_digests', digest === '' ? [] : [`${name}@${digest}`]],
  ];
}

function recordAttributes(event: Alert | Log): OtelAttributes {
  const commandLine = commandLineOf(event);
  const words = commandLine === '' ? [] : commandLine.split(' ');
  return present([
    ['process.pid', event.HostPID],
    ['process.vpid', event.PID],
    ['process.parent_pid', event.HostPPID],
    ['process.executable.path', event.ProcessName],
    ['process.executable.name', baseName(event.ProcessName)],
    ['process.command', words[0] ?? ''],
    ['process.command_line', commandLine],
    ['process.command_args', words],
    ['process.args_count', words.length],
    ['process.working_directory', event.Cwd],
    ['process.interactive', event.TTY !== ''],
    ...processOwner(event),
    ...(event.Operation === 'File' ? fileAttributes(event.Resource) : []),
    ...networkAttributes(event),
    ...(isAlert(event) ? ruleAttributes(event) : []),
    ['error.type', errorName(event.Result)],
    ['kubearmor.type', event.Type],
    ['kubearmor.operation', event.Operation],
    ['kubearmor.source', event.Source],
    ['kubearmor.resource', event.Resource],
    ['kubearmor.result', event.Result],
    ['kubearmor.tty', event.TTY],
    ['kubearmor.parent_process.executable.path', event.ParentProcessName],
    ['kubearmor.exec.id', event.ExecEvent?.ExecID ?? ''],
    ['kubearmor.exec.comm', event.ExecEvent?.ExecutableName ?? ''],
    ['kubearmor.hash.algorithm', event.HashAlgo],
    ['kubearmor.hash.process', event.ProcessHash],
    ['kubearmor.hash.parent_process', event.ParentHash],
    ['kubearmor.hash.resource', event.ResourceHash],
    ...Object.entries(event.EventData).map(([key, value]) => [`kubearmor.event_data.${key}`, value] as const),
  ]);
}

/** 0 is a user like any other, so it is not left out as unknown; a throttle notice has no process at all. */
function processOwner(event: Alert | Log): readonly (readonly [string, OtelValue])[] {
  if (event.Type === 'SystemEvent') return [];
  return [
    ['process.user.id', String(event.UID)],
    ['process.user.name', event.UserName],
    ['process.owner', event.UserName],
  ];
}

function ruleAttributes(alert: Alert): readonly (readonly [string, OtelValue])[] {
  return [
    ['security_rule.name', alert.PolicyName],
    ['security_rule.category', alert.Tags],
    ['security_rule.description', alert.Message],
    ['kubearmor.action', alert.Action],
    ['kubearmor.enforcer', alert.Enforcer],
    ['kubearmor.severity', Number(alert.Severity) || 0],
    ['kubearmor.tags', alert.ATags],
    ['kubearmor.throttle.max_alerts_per_second', alert.MaxAlertsPerSec],
    ['kubearmor.throttle.seconds', alert.DroppingAlertsInterval],
  ];
}

function fileAttributes(path: string): readonly (readonly [string, OtelValue])[] {
  return [
    ['file.path', path],
    ['file.name', baseName(path)],
    ['file.directory', directoryOf(path)],
    ['file.extension', extensionOf(path)],
  ];
}

function networkAttributes(event: Alert | Log): readonly (readonly [string, OtelValue])[] {
  const facts = networkFacts(event);
  if (facts === undefined) return [];
  const { peerAddress, peerPort, protocol } = facts;
  if (event.Operation === 'NetworkFirewall') {
    return [
      ['source.address', facts.sourceAddress],
      ['source.port', facts.sourcePort],
      ['destination.address', peerAddress],
      ['destination.port', peerPort],
      ['network.transport', protocol],
    ];
  }
  return [
    ['network.peer.address', peerAddress],
    ['network.peer.port', peerPort],
    ['network.type', peerAddress === '' ? '' : peerAddress.includes(':') ? 'ipv6' : 'ipv4'],
    ['network.transport', transportOf(protocol)],
    ['dns.question.name', facts.dnsName],
  ];
}

/** The conventions know only these two of the words the events use. */
const transportOf = (protocol: string): string => (protocol === 'tcp' || protocol === 'udp' ? protocol : '');

function present(rows: readonly (readonly [string, OtelValue])[]): OtelAttributes {
  const result: Record<string, OtelValue> = {};
  for (const [key, value] of rows) {
    if (value === '' || value === 0 || (Array.isArray(value) && value.length === 0)) continue;
    result[key] = value;
  }
  return result;
}
