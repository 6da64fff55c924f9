/** The parts of an OCSF event that several of its classes share. */
import { containerNamespace } from '@kubearmor-ts/event';
import type { Alert, Log } from '@kubearmor-ts/proto';
import { parseContainerImage } from './container-image.ts';
import { knownNumber } from './json-object.ts';
import type { JsonValue } from './json-object.ts';
import { networkFacts } from './network-facts.ts';
import { baseName, directoryOf } from './path-name.ts';
import { podLabels } from './pod-labels.ts';

type JsonObject = Readonly<Record<string, JsonValue>>;

export const deviceOf = (event: Alert | Log): JsonObject => ({
  // 1: Server.
  type_id: 1,
  hostname: event.HostName,
  uid: event.NodeID,
});

/** Who acts: an exec is told from the new program's side, so there the caller is the parent. */
export function actorOf(event: Alert | Log): JsonObject {
  const user = userOf(event);
  if (event.Operation !== 'Process') return { process: actingProcess(event), user };
  return {
    process: {
      ...program(event.ParentProcessName, event.ParentHash, event.HashAlgo),
      pid: knownNumber(event.HostPPID),
      container: containerOf(event),
    },
    user,
  };
}

/** The process that an event of process activity is about. */
export const actingProcess = (event: Alert | Log): JsonObject => ({
  ...program(event.ProcessName, event.ProcessHash, event.HashAlgo),
  pid: knownNumber(event.HostPID),
  namespace_pid: knownNumber(event.PID),
  cmd_line: event.Operation === 'Process' ? event.Resource : event.Source,
  working_directory: event.Cwd,
  user: userOf(event),
  container: containerOf(event),
  parent_process: {
    ...program(event.ParentProcessName, event.ParentHash, event.HashAlgo),
    pid: knownNumber(event.HostPPID),
  },
});

const userOf = (event: Alert | Log): JsonObject => ({ uid: String(event.UID), name: event.UserName });

const program = (path: string, hash: string, algorithm: string): JsonObject =>
  path === '' ? {} : { name: baseName(path), file: fileObject(path, hash, algorithm) };

/** `type_id` 1 is a regular file, 2 a folder; the events do not say which, so it is 0 except for programs. */
const fileObject = (path: string, hash: string, algorithm: string, typeId = 1): JsonObject => ({
  name: baseName(path) || path,
  path,
  parent_folder: directoryOf(path),
  type_id: typeId,
  hashes:
    hash === ''
      ? []
      : [{ algorithm_id: algorithm.toLowerCase() === 'sha256' ? 3 : 99, algorithm, value: hash }],
});

export const fileOf = (event: Alert | Log): JsonObject =>
  fileObject(event.Resource, event.ResourceHash, event.HashAlgo, 0);

export function containerOf(event: Alert | Log): JsonObject {
  if (event.ContainerID === '' && event.ContainerName === '') return {};
  const image = parseContainerImage(event.ContainerImage);
  return {
    name: event.ContainerName,
    uid: event.ContainerID,
    // An image must have a uid; without a digest its name is the best there is.
    image:
      image.name === '' ? undefined : { uid: image.digest || image.name, name: image.name, tag: image.tag },
    orchestrator: event.NamespaceName === containerNamespace ? undefined : 'kubernetes',
  };
}

/** What the event happened to, in the terms of the cluster. */
export function resourcesOf(event: Alert | Log): readonly JsonObject[] {
  const cluster = { uid: event.ClusterName, name: event.ClusterName, type: 'Cluster' };
  if (event.PodName === '') return event.ClusterName === '' ? [] : [cluster];
  const pod = {
    type: 'Pod',
    name: event.PodName,
    namespace: event.NamespaceName,
    labels: podLabels(event.Labels).map(([key, value]) => `${key}: ${value}`),
    owner: event.Owner === undefined ? undefined : { name: `${event.Owner.Ref}/${event.Owner.Name}` },
  };
  return event.ClusterName === '' ? [pod] : [pod, cluster];
}

export function networkOf(event: Alert | Log): JsonObject {
  const facts = networkFacts(event);
  if (facts === undefined) return {};
  return {
    src_endpoint: { ip: facts.sourceAddress, port: knownNumber(facts.sourcePort) },
    dst_endpoint: { ip: facts.peerAddress, port: knownNumber(facts.peerPort) },
    connection_info: {
      // 0: Unknown, 2: Outbound; required where there is connection_info at all.
      direction_id: directionOf(event),
      protocol_name: facts.protocol,
    },
    query: facts.dnsName === '' ? undefined : { hostname: facts.dnsName, type: event.EventData['Qtype'] },
  };
}

function directionOf(event: Alert | Log): number {
  if (event.Resource === 'INGRESS' || event.EventData['Kprobe'] === 'tcp_accept') return 1;
  return event.Resource === 'EGRESS' || event.EventData['Kprobe'] === 'tcp_connect' ? 2 : 0;
}

/** Search keys, by the schema's numbers of types: 1 host name, 2 address, 4 user name, 10 resource id. */
export function observablesOf(event: Alert | Log): readonly JsonObject[] {
  const keys: readonly (readonly [name: string, typeId: number, value: string])[] = [
    ['device.hostname', 1, event.HostName],
    ['dst_endpoint.ip', 2, networkFacts(event)?.peerAddress ?? ''],
    ['actor.user.name', 4, event.UserName],
    ['actor.process.container.uid', 10, event.ContainerID],
  ];
  return keys
    .filter(([, , value]) => value !== '')
    .map(([name, type_id, value]) => ({ name, type_id, value }));
}
