/** Alert and Log → Elastic Common Schema 9. Field names and allowed values are the schema's; the rest is `kubearmor.*`. */
import { containerNamespace, isAlert } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { parseContainerImage } from './container-image.ts';
import { eventTimeText } from './event-time.ts';
import { fileChange } from './file-change.ts';
import { knownNumber, withoutEmpty } from './json-object.ts';
import type { JsonValue } from './json-object.ts';
import { networkFacts } from './network-facts.ts';
import { commandLineOf, errorName, hasPassed, isBlocked, severityOf, summaryOf } from './outcome.ts';
import { baseName, directoryOf, extensionOf } from './path-name.ts';
import { podLabels } from './pod-labels.ts';

export const ecsVersion = '9.0.0';

/** `id` is stable for the event: a document sent twice is one document. */
export function toEcs(event: Alert | Log, id: string): Record<string, JsonValue> {
  const alert = isAlert(event) ? event : undefined;
  return withoutEmpty({
    '@timestamp': eventTimeText(event),
    ecs: { version: ecsVersion },
    message: alert?.Message || summaryOf(event),
    tags: alert?.ATags ?? [],
    event: {
      id,
      kind: alert === undefined ? 'event' : 'alert',
      category: categoryOf(event),
      type: typesOf(event),
      action: (alert?.Action || event.Operation).toLowerCase(),
      outcome: hasPassed(event) ? 'success' : 'failure',
      reason: hasPassed(event) ? undefined : event.Result,
      severity: severityOf(event),
      module: 'kubearmor',
      dataset: alert === undefined ? 'kubearmor.log' : 'kubearmor.alert',
      provider: alert?.Enforcer,
    },
    error: { code: errorName(event.Result) },
    rule: {
      name: alert?.PolicyName,
      category: alert?.Tags,
      description: alert?.Message,
    },
    host: { hostname: event.HostName, name: event.HostName, id: event.NodeID },
    ...workload(event),
    ...(event.Type === 'SystemEvent' ? {} : actor(event)),
    file: event.Operation === 'File' ? fileOf(event) : undefined,
    ...network(event),
    kubearmor: {
      type: event.Type,
      operation: event.Operation,
      source: event.Source,
      resource: event.Resource,
      data: event.Data,
      event_data: event.EventData,
      enforcer: alert?.Enforcer,
      action: alert?.Action,
      result: event.Result,
      version: alert?.KubeArmorVersion,
      throttle: {
        max_alerts_per_second: knownNumber(alert?.MaxAlertsPerSec ?? 0),
        seconds: knownNumber(alert?.DroppingAlertsInterval ?? 0),
      },
    },
  });
}

const categories: Readonly<Record<string, string>> = {
  Process: 'process',
  File: 'file',
  Network: 'network',
  NetworkFirewall: 'network',
  Capabilities: 'process',
  Syscall: 'process',
  Device: 'host',
};

function categoryOf(event: Alert | Log): readonly string[] {
  const category = categories[event.Operation] ?? 'host';
  return isAlert(event) && event.Type !== 'SystemEvent' ? ['intrusion_detection', category] : [category];
}

/** What a category allows is the schema's: `denied` and `allowed` go with intrusion_detection, network and host alike. */
function typesOf(event: Alert | Log): readonly string[] {
  if (event.Type === 'SystemEvent') return ['info'];
  const verdict = !isAlert(event) ? [] : [isBlocked(event) ? 'denied' : 'allowed'];
  switch (event.Operation) {
    case 'Process':
      return ['start', ...verdict];
    case 'File':
      return [fileTypes[fileChange(event)], ...verdict];
    case 'Network':
      return [networkFacts(event)?.dnsName === '' ? 'connection' : 'protocol', ...verdict];
    case 'NetworkFirewall':
      return ['connection', ...verdict];
    default:
      return ['info', ...verdict];
  }
}

const fileTypes = {
  open: 'access',
  read: 'access',
  create: 'creation',
  update: 'change',
  delete: 'deletion',
  rename: 'change',
  attributes: 'change',
  security: 'change',
  mount: 'change',
  unmount: 'change',
} as const;

function workload(event: Alert | Log): Record<string, JsonValue> {
  const image = parseContainerImage(event.ContainerImage);
  const container = {
    id: event.ContainerID,
    name: event.ContainerName,
    image: {
      name: image.name,
      tag: image.tag === '' ? [] : [image.tag],
      hash: { all: image.digest === '' ? [] : [image.digest] },
    },
  };
  if (event.NamespaceName === '' || event.NamespaceName === containerNamespace) {
    return { container, orchestrator: { cluster: { name: event.ClusterName } } };
  }
  return {
    container,
    orchestrator: {
      type: 'kubernetes',
      cluster: { name: event.ClusterName },
      namespace: event.NamespaceName,
      resource: {
        type: event.PodName === '' ? undefined : 'pod',
        name: event.PodName,
        label: podLabels(event.Labels).map(([key, value]) => `${key}:${value}`),
        parent: { type: event.Owner?.Ref.toLowerCase() },
      },
    },
  };
}

function actor(event: Alert | Log): Record<string, JsonValue> {
  const commandLine = commandLineOf(event);
  const args = commandLine === '' ? [] : commandLine.split(' ');
  const user = { id: String(event.UID), name: event.UserName };
  return {
    user,
    process: {
      pid: knownNumber(event.HostPID),
      vpid: knownNumber(event.PID),
      executable: event.ProcessName,
      name: baseName(event.ProcessName),
      command_line: commandLine,
      args,
      args_count: args.length === 0 ? undefined : args.length,
      working_directory: event.Cwd,
      interactive: event.TTY !== '',
      hash: hashOf(event.HashAlgo, event.ProcessHash),
      parent: {
        pid: knownNumber(event.HostPPID),
        executable: event.ParentProcessName,
        name: baseName(event.ParentProcessName),
        hash: hashOf(event.HashAlgo, event.ParentHash),
      },
      user,
    },
  };
}

function fileOf(event: Alert | Log): JsonValue {
  return {
    path: event.Resource,
    name: baseName(event.Resource),
    directory: directoryOf(event.Resource),
    extension: extensionOf(event.Resource),
    hash: hashOf(event.HashAlgo, event.ResourceHash),
  };
}

/** The schema names one field for each algorithm. */
const hashOf = (algorithm: string, hash: string): JsonValue =>
  algorithm.toLowerCase() === 'sha256' ? { sha256: hash } : undefined;

function network(event: Alert | Log): Record<string, JsonValue> {
  const facts = networkFacts(event);
  if (facts === undefined) return {};
  return {
    source: { ip: facts.sourceAddress, address: facts.sourceAddress, port: knownNumber(facts.sourcePort) },
    destination: {
      ip: facts.peerAddress,
      address: facts.peerAddress,
      port: knownNumber(facts.peerPort),
    },
    network: {
      transport: facts.protocol,
      type: facts.peerAddress === '' ? undefined : facts.peerAddress.includes(':') ? 'ipv6' : 'ipv4',
    },
    dns: { question: { name: facts.dnsName } },
  };
}
