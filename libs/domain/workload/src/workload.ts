import { toCgroupNames } from './cgroup-name.ts';
import type { ContainerFacts } from './container-facts.ts';

/** The namespace of every container that no orchestrator placed. */
export const UNORCHESTRATED_NAMESPACE = 'container_namespace';

/** KA_WORKLOAD_KEY_LEN without the terminator. */
const KEY_BYTES_MAX = 127;

/** The agent's own lasting name for a container: `<engine namespace>/<id>`. */
export type WorkloadKey = string & { readonly workloadKey: true };

/** A container as policies select it and alerts show it. */
export interface Workload {
  readonly key: WorkloadKey;
  readonly namespace: string;
  /** '' outside Kubernetes. */
  readonly pod: string;
  readonly container: string;
  readonly containerId: string;
  readonly image: string;
  /** Pod labels where the kubelet gave them, else the container's own. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly isOrchestrated: boolean;
  readonly cgroupNames: readonly string[];
  readonly pid?: number;
}

const KUBE = 'io.kubernetes.';
const CONTROLLER_LABELS = ['pod-template-hash', 'pod-template-generation', 'controller-revision-hash'];

export function toWorkloadKey(facts: Pick<ContainerFacts, 'engineNamespace' | 'id'>): WorkloadKey {
  const room = Math.max(0, KEY_BYTES_MAX - 1 - facts.id.length);
  return `${facts.engineNamespace.slice(0, room)}/${facts.id}`.slice(-KEY_BYTES_MAX) as WorkloadKey;
}

/** Undefined for what holds no user program: the pause container of a pod. */
export function toWorkload(facts: ContainerFacts): Workload | undefined {
  const { labels, annotations } = facts;
  const kind = labels['io.cri-containerd.kind'] ?? annotations['io.kubernetes.cri.container-type'];
  if (kind === 'sandbox' || labels['io.kubernetes.docker.type'] === 'podsandbox') return undefined;
  const podNamespace =
    labels['io.kubernetes.pod.namespace'] ?? annotations['io.kubernetes.cri.sandbox-namespace'] ?? '';
  const isOrchestrated = podNamespace !== '';
  return {
    key: toWorkloadKey(facts),
    namespace: isOrchestrated ? podNamespace : UNORCHESTRATED_NAMESPACE,
    pod: labels['io.kubernetes.pod.name'] ?? annotations['io.kubernetes.cri.sandbox-name'] ?? '',
    container: toContainerName(facts),
    containerId: facts.id,
    image: facts.image,
    labels: toUserLabels(labels),
    annotations,
    isOrchestrated,
    cgroupNames: toCgroupNames(facts.cgroupsPath, facts.id),
    ...(facts.pid === undefined ? {} : { pid: facts.pid }),
  };
}

function toContainerName(facts: ContainerFacts): string {
  const { labels, annotations } = facts;
  return (
    labels['io.kubernetes.container.name'] ??
    annotations['io.kubernetes.cri.container-name'] ??
    facts.name ??
    labels['nerdctl/name'] ??
    annotations['nerdctl/name'] ??
    labels['com.docker.compose.service'] ??
    facts.id
  );
}

/** The kubelet's bookkeeping and what controllers generate are no part of an identity. */
export function toUserLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels)
      .filter(([key]) => !key.startsWith(KUBE) && !CONTROLLER_LABELS.includes(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
