import type { Alert } from '@kubearmor-ts/proto';

/** What a report is about. */
export interface ReportSubject {
  /** Kubernetes' kind: a workload's, `Pod`, or `Node` for a host. */
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  /** Empty for a node. */
  readonly namespace: string;
}

const apiVersions: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  Pod: 'v1',
};

/**
 * The workload that an alert belongs to: its top owner, else its pod, else the node. Undefined when the alert names
 * nothing that can exist in Kubernetes.
 */
export function reportSubject(alert: Alert): ReportSubject | undefined {
  const { Owner, PodName, NamespaceName, HostName } = alert;
  const ownerVersion = apiVersions[Owner?.Ref ?? ''];
  if (isLabel(NamespaceName)) {
    if (Owner !== undefined && ownerVersion !== undefined && isSubdomain(Owner.Name))
      return { kind: Owner.Ref, apiVersion: ownerVersion, name: Owner.Name, namespace: NamespaceName };
    if (isSubdomain(PodName))
      return { kind: 'Pod', apiVersion: 'v1', name: PodName, namespace: NamespaceName };
  }
  const isHost = NamespaceName === '' && PodName === '';
  return isHost && isSubdomain(HostName)
    ? { kind: 'Node', apiVersion: 'v1', name: HostName, namespace: '' }
    : undefined;
}

export const subjectKey = ({ kind, namespace, name }: ReportSubject): string =>
  `${namespace}/${kind}/${name}`;

/** `kubearmor-deployment-shop`; a long name is cut and keeps a hash of the whole. */
export function reportName({ kind, name }: ReportSubject): string {
  const whole = `kubearmor-${kind.toLowerCase()}-${name}`;
  if (whole.length <= longestName) return whole;
  return `${whole.slice(0, longestName - 9).replace(/[-.]+$/, '')}-${hashOf(whole)}`;
}

const longestName = 253;
const isLabel = (text: string): boolean => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
const isSubdomain = (text: string): boolean =>
  text.length <= longestName &&
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);

/** FNV-1a: only to keep cut names apart. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
