import type { Alert, Log } from '@kubearmor-ts/proto';

/** What outlives a pod: its owner and the container's name in it. A host has only `cluster` and `host`. */
export interface Workload {
  readonly cluster: string;
  /** Empty for containers: they move. */
  readonly host: string;
  readonly namespace: string;
  /** `Deployment`, `StatefulSet` …, `Pod` for one without owner, empty outside Kubernetes. */
  readonly ownerKind: string;
  readonly ownerName: string;
  readonly container: string;
}

export function workloadOf(event: Alert | Log): Workload {
  const { ClusterName: cluster, NamespaceName: namespace, ContainerName: container, Owner: owner } = event;
  const isHost = container === '' && event.ContainerID === '' && event.PodName === '';
  if (isHost) {
    return { cluster, host: event.HostName, namespace: '', ownerKind: '', ownerName: '', container: '' };
  }
  const isOwned = owner !== undefined && owner.Name !== '';
  const isPod = !isOwned && event.PodName !== '' && event.PodName !== container;
  return {
    cluster,
    host: '',
    namespace,
    ownerKind: isOwned ? owner.Ref : isPod ? 'Pod' : '',
    ownerName: isOwned ? owner.Name : isPod ? event.PodName : '',
    container,
  };
}
