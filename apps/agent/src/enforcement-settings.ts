import type { PolicyMode, Posture, Postures } from '@kubearmor-ts/policy';
import type { AgentConfig } from './config.ts';

/** Every switch that plans depend on beside policies and workloads. */
export interface EnforcementSettings {
  readonly containers: {
    readonly isEnabled: boolean;
    readonly postures: Postures;
    /** What namespaces say about themselves, where there are any. */
    readonly byNamespace?: ReadonlyMap<string, Postures>;
  };
  readonly host: {
    readonly isEnabled: boolean;
    readonly postures: Postures;
    /** May change; `reconsiderHost` takes the change up. */
    labels: Readonly<Record<string, string>>;
    readonly isNode?: boolean;
  };
  readonly networkEnabled: boolean;
  readonly untrackedNamespaces: readonly string[];
}

export function toEnforcementSettings(
  config: AgentConfig,
  hostName: string,
  byNamespace: ReadonlyMap<string, Postures>,
): EnforcementSettings {
  return {
    containers: {
      isEnabled: config.enableKubeArmorPolicy,
      byNamespace,
      postures: {
        file: toPosture(config.defaultFilePosture),
        network: toPosture(config.defaultNetworkPosture),
        capabilities: toPosture(config.defaultCapabilitiesPosture),
      },
    },
    host: {
      isEnabled: config.enableKubeArmorHostPolicy,
      isNode: config.k8s,
      postures: {
        file: toPosture(config.hostDefaultFilePosture),
        network: toPosture(config.hostDefaultNetworkPosture),
        capabilities: toPosture(config.hostDefaultCapabilitiesPosture),
      },
      labels: { 'kubearmor.io/hostname': hostName, 'kubernetes.io/hostname': hostName },
    },
    networkEnabled: config.enableNetworkPolicyEnforcer,
    untrackedNamespaces: config.untrackedNs,
  };
}

/** The start-up word `allow` behaves as `audit` in the kernel, as it always has. */
const toPosture = (word: string): Posture => (word === 'block' ? 'block' : 'audit');

/** The annotation that kubelets copy from pods; unknown words mean enabled. */
export function toPolicyMode(annotations: Readonly<Record<string, string>>): PolicyMode {
  const word = annotations['kubearmor-policy'];
  return word === 'disabled' || word === 'audited' ? word : 'enabled';
}
