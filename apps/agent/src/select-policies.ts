import { selects, selectsNode, unorchestratedNamespace } from '@kubearmor-ts/policy';
import type { Policy } from '@kubearmor-ts/policy';
import type { Workload } from '@kubearmor-ts/workload';
import type { EnforcementSettings } from './enforcement-settings.ts';

/**
 * Whether a policy bears on a container. A container that carries a kubelet's labels is matched as a pod, in the
 * policy's own namespace. Any other container lives in `container_namespace`, and so does, for it, every
 * KubeArmorPolicy, whatever namespace its text names.
 */
export function selectsContainer(policy: Policy, workload: Workload, settings: EnforcementSettings): boolean {
  if (!settings.containers.isEnabled || settings.untrackedNamespaces.includes(workload.namespace))
    return false;
  const isForced = !workload.isOrchestrated && policy.id.kind === 'KubeArmorPolicy';
  const seen: Policy = isForced
    ? { ...policy, id: { ...policy.id, namespace: unorchestratedNamespace } }
    : policy;
  return selects(seen, {
    namespace: workload.namespace,
    labels: workload.labels,
    containerName: workload.container,
    orchestrated: workload.isOrchestrated,
  });
}

export function selectsHost(policy: Policy, settings: EnforcementSettings): boolean {
  return (
    settings.host.isEnabled &&
    policy.id.kind === 'KubeArmorHostPolicy' &&
    selectsNode(policy, settings.host.labels, { kubernetes: settings.host.isNode ?? false })
  );
}
