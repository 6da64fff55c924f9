import { connectKube, createNodeTransport } from '@kubearmor-ts/kube';
import type { Clock } from '@kubearmor-ts/life';
import { decidePostures, postureAnnotations } from '@kubearmor-ts/policy';
import type { PolicyKind, Postures } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';
import type { AgentConfig } from './config.ts';
import type { EnforcementSettings } from './enforcement-settings.ts';
import type { WorkloadEnforcement } from './enforce-workloads.ts';
import { ClusterView } from './follow-cluster.ts';
import type { PodLayer } from './lay-pods-over-containers.ts';
import type { PolicyStore } from './policy-store.ts';

export interface ClusterViewParts {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly version: string;
  readonly hostName: string;
  readonly store: PolicyStore;
  readonly pods: PodLayer;
  readonly settings: EnforcementSettings;
  /** The table that the settings read. */
  readonly namespaces: Map<string, Postures>;
  readonly enforcement: WorkloadEnforcement;
  readonly onError: (error: CodedError) => void;
}

/** Hands what the cluster says to the parts that act on it. */
export function createClusterView(parts: ClusterViewParts): ClusterView {
  const { config, clock, settings, namespaces, enforcement, onError } = parts;
  const nodeName = config.nodeName === '' ? parts.hostName : config.nodeName;
  return new ClusterView({
    connect: async () =>
      createNodeTransport(
        await connectKube({ clock, ...(config.kubeconfig === '' ? {} : { kubeconfig: config.kubeconfig }) }),
      ),
    nodeName,
    kinds: enforcedKinds(config),
    store: parts.store,
    pods: parts.pods,
    onNamespace(name, annotations) {
      const before = namespaces.get(name);
      const { postures, invalidAnnotations } = decidePostures({
        annotations: annotations ?? {},
        flags: {
          file: config.defaultFilePosture,
          network: config.defaultNetworkPosture,
          capabilities: config.defaultCapabilitiesPosture,
        },
      });
      for (const annotation of invalidAnnotations) onError(noPosture(name, annotation));
      const saysAny = Object.values(postureAnnotations).some((key) => annotations?.[key] !== undefined);
      if (saysAny) namespaces.set(name, postures);
      else namespaces.delete(name);
      if (!isSame(before, saysAny ? postures : undefined)) enforcement.reconsiderNamespace(name);
    },
    onNodeLabels(labels) {
      settings.host.labels = {
        'kubernetes.io/hostname': nodeName,
        ...labels,
        'kubearmor.io/hostname': nodeName,
      };
      enforcement.reconsiderHost();
    },
    clock,
    random: Math.random,
    userAgent: `kubearmor-ts-agent/${parts.version}`,
    onError,
  });
}

const enforcedKinds = (config: AgentConfig): readonly PolicyKind[] => [
  ...(config.enableKubeArmorPolicy ? (['KubeArmorPolicy', 'KubeArmorClusterPolicy'] as const) : []),
  ...(config.enableKubeArmorHostPolicy ? (['KubeArmorHostPolicy'] as const) : []),
  ...(config.enableNetworkPolicyEnforcer ? (['KubeArmorNetworkPolicy'] as const) : []),
];

const isSame = (a: Postures | undefined, b: Postures | undefined): boolean =>
  a?.file === b?.file && a?.network === b?.network && a?.capabilities === b?.capabilities;

const noPosture = (namespace: string, annotation: string): CodedError => ({
  code: 'KA_AGENT_NAMESPACE_POSTURE',
  reason: 'PostureInvalid',
  object: `namespace ${namespace}`,
  message: `the annotation ${annotation} is neither audit nor block; the posture of the agent holds`,
});
