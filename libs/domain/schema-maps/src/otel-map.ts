/**
 * Alert and Log → OpenTelemetry log record, by semantic conventions 1.44.
 *
 *  1. An attribute is set only when the event knows its value; empty is absent.
 *  2. The resource says who acted and where, the record what happened; two events of one container have equal
 *     resources, so exporters can group them.
 *  3. What has no conventional name lives under `kubearmor.`.
 */
import { containerNamespace, isAlert, visitShownFields } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { parseContainerImage } from './container-image.ts';
import { eventTimeNs } from './event-time.ts';
import { networkFacts } from './network-facts.ts';
import type { OtelAttributes, OtelRecord, OtelValue } from './otel-record.ts';
import { otelSeverity } from './otel-severity.ts';
import { commandLineOf, errorName } from './outcome.ts';
import { baseName, directoryOf, extensionOf } from './path-name.ts';
import { podLabels } from './pod-labels.ts';

/** Gets one attribute after the other; none twice. */
export type PutAttribute = (key: string, value: OtelValue) => void;

export function toOtelRecord(event: Alert | Log): OtelRecord {
  const body: Record<string, unknown> = {};
  visitOtelBody(event, (key, value) => (body[key] = value));
  return {
    resource: otelResource(event),
    ...otelFacts(event),
    body,
    attributes: collected((put) => putRecordAttributes(event, put)),
  };
}

/** All of a record but resource, body and attributes. */
export function otelFacts(
  event: Alert | Log,
): Pick<OtelRecord, 'timeUnixNs' | 'severityNumber' | 'severityText' | 'eventName'> {
  return { timeUnixNs: eventTimeNs(event), ...otelSeverity(event), eventName: eventName(event) };
}

/** The fields of a record's body. */
export function visitOtelBody(event: Alert | Log, visit: (key: string, value: unknown) => void): void {
  visitShownFields(event, (key, value) => {
    if (key !== 'Timestamp') visit(key, value);
  });
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

export function otelResource(event: Alert | Log): OtelAttributes {
  return collected((put) => putResourceAttributes(event, put));
}

/** Equal for two events only if their resources are: cheaper to have than a resource. */
export function otelResourceKey(event: Alert | Log): string {
  const { NodeID, ClusterName, HostName, NamespaceName, PodName, ContainerName } = event;
  const { Owner, Labels, ContainerID, ContainerImage } = event;
  const version = isAlert(event) ? event.KubeArmorVersion : '';
  const owner = `${Owner?.Ref ?? ''}\0${Owner?.Name ?? ''}`;
  const place = `${NodeID}\0${ClusterName}\0${HostName}\0${NamespaceName}\0${PodName}\0${ContainerName}`;
  return `${ContainerID}\0${place}\0${owner}\0${ContainerImage}\0${version}\0${Labels}`;
}

function putResourceAttributes(event: Alert | Log, put: PutAttribute): void {
  const isOrchestrated = event.NamespaceName !== containerNamespace;
  const ownerKey = ownerKinds[event.Owner?.Ref ?? ''];
  const labelPrefix = isOrchestrated ? 'k8s.pod.label.' : 'container.label.';
  put('service.name', 'kubearmor');
  put('service.version', isAlert(event) ? event.KubeArmorVersion : '');
  put('service.instance.id', event.NodeID);
  put('k8s.cluster.name', event.ClusterName);
  put('host.name', event.HostName);
  put('host.id', event.NodeID);
  if (isOrchestrated) {
    put('k8s.node.name', event.HostName);
    put('k8s.namespace.name', event.NamespaceName);
    put('k8s.pod.name', event.PodName);
    put('k8s.container.name', event.ContainerName);
  } else put('container.name', event.ContainerName);
  if (ownerKey !== undefined) put(ownerKey, event.Owner?.Name ?? '');
  for (const [key, value] of podLabels(event.Labels)) put(`${labelPrefix}${key}`, value);
  put('container.id', event.ContainerID);
  const { name, tag, digest } = parseContainerImage(event.ContainerImage);
  put('container.image.name', name);
  put('container.image.tags', tag === '' ? [] : [tag]);
  put('container.image.repo_digests', digest === '' ? [] : [`${name}@${digest}`]);
}

/** Attributes of the record itself, those without a value included: `isPresent` tells them. */
export function putRecordAttributes(event: Alert | Log, put: PutAttribute): void {
  const commandLine = commandLineOf(event);
  const words = commandLine === '' ? [] : commandLine.split(' ');
  put('process.pid', event.HostPID);
  put('process.vpid', event.PID);
  put('process.parent_pid', event.HostPPID);
  put('process.executable.path', event.ProcessName);
  put('process.executable.name', baseName(event.ProcessName));
  put('process.command', words[0] ?? '');
  put('process.command_line', commandLine);
  put('process.command_args', words);
  put('process.args_count', words.length);
  put('process.working_directory', event.Cwd);
  put('process.interactive', event.TTY !== '');
  putProcessOwner(event, put);
  if (event.Operation === 'File') putFile(event.Resource, put);
  putNetwork(event, put);
  if (isAlert(event)) putRule(event, put);
  put('error.type', errorName(event.Result));
  put('kubearmor.type', event.Type);
  put('kubearmor.operation', event.Operation);
  put('kubearmor.source', event.Source);
  put('kubearmor.resource', event.Resource);
  put('kubearmor.result', event.Result);
  put('kubearmor.tty', event.TTY);
  put('kubearmor.parent_process.executable.path', event.ParentProcessName);
  put('kubearmor.exec.id', event.ExecEvent?.ExecID ?? '');
  put('kubearmor.exec.comm', event.ExecEvent?.ExecutableName ?? '');
  put('kubearmor.hash.algorithm', event.HashAlgo);
  put('kubearmor.hash.process', event.ProcessHash);
  put('kubearmor.hash.parent_process', event.ParentHash);
  put('kubearmor.hash.resource', event.ResourceHash);
  for (const key of Object.keys(event.EventData))
    put(`kubearmor.event_data.${key}`, event.EventData[key] ?? '');
}

/** 0 is a user like any other, so it is not left out as unknown; a throttle notice has no process at all. */
function putProcessOwner(event: Alert | Log, put: PutAttribute): void {
  if (event.Type === 'SystemEvent') return;
  put('process.user.id', String(event.UID));
  put('process.user.name', event.UserName);
  put('process.owner', event.UserName);
}

function putRule(alert: Alert, put: PutAttribute): void {
  put('security_rule.name', alert.PolicyName);
  put('security_rule.category', alert.Tags);
  put('security_rule.description', alert.Message);
  put('kubearmor.action', alert.Action);
  put('kubearmor.enforcer', alert.Enforcer);
  put('kubearmor.severity', Number(alert.Severity) || 0);
  put('kubearmor.tags', alert.ATags);
  put('kubearmor.throttle.max_alerts_per_second', alert.MaxAlertsPerSec);
  put('kubearmor.throttle.seconds', alert.DroppingAlertsInterval);
}

function putFile(path: string, put: PutAttribute): void {
  put('file.path', path);
  put('file.name', baseName(path));
  put('file.directory', directoryOf(path));
  put('file.extension', extensionOf(path));
}

function putNetwork(event: Alert | Log, put: PutAttribute): void {
  const facts = networkFacts(event);
  if (facts === undefined) return;
  const { peerAddress, peerPort, protocol } = facts;
  if (event.Operation === 'NetworkFirewall') {
    put('source.address', facts.sourceAddress);
    put('source.port', facts.sourcePort);
    put('destination.address', peerAddress);
    put('destination.port', peerPort);
    put('network.transport', protocol);
    return;
  }
  put('network.peer.address', peerAddress);
  put('network.peer.port', peerPort);
  put('network.type', peerAddress === '' ? '' : peerAddress.includes(':') ? 'ipv6' : 'ipv4');
  put('network.transport', transportOf(protocol));
  put('dns.question.name', facts.dnsName);
}

/** The conventions know only these two of the words the events use. */
const transportOf = (protocol: string): string => (protocol === 'tcp' || protocol === 'udp' ? protocol : '');

/** Whether an attribute says anything: what is not known is not told. */
export const isPresent = (value: OtelValue): boolean =>
  value !== '' && value !== 0 && (typeof value !== 'object' || value.length > 0);

function collected(visit: (put: PutAttribute) => void): OtelAttributes {
  const result: Record<string, OtelValue> = {};
  visit((key, value) => {
    if (isPresent(value)) result[key] = value;
  });
  return result;
}
