import type { Action, Place, PolicyId, Rule } from './rule.ts';
import type { Firewall } from './firewall.ts';

export interface LabelExpression {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** What the policy says about the workloads it is for. */
export interface PodSelector {
  /** False when the policy has no `selector.matchLabels` at all; containers outside Kubernetes then are not selected. */
  readonly hasMatchLabels: boolean;
  /** Without the container key. */
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly expressions: readonly LabelExpression[];
  /** Raw value of `kubearmor.io/container.name`; a list of names in Kubernetes, a regular expression outside. */
  readonly container?: string;
}

export interface Preset {
  readonly name: string;
  readonly action: 'Audit' | 'Block';
  readonly severity: number;
  readonly tags: readonly string[];
  readonly message: string;
  readonly place?: Place;
}

/** The object as an API server would store it: unknown keys and nulls removed. */
export interface PolicyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** One policy: who it is for and its rules, with everything inherited and normalised. Immutable; compare by identity. */
export interface Policy {
  readonly id: PolicyId;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly selector: PodSelector;
  /** `nodeSelector.matchLabels` of host and network policies; absent when the policy has no nodeSelector. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly action: Action;
  readonly severity: number;
  readonly tags: readonly string[];
  readonly message: string;
  readonly rules: readonly Rule[];
  readonly presets: readonly Preset[];
  /** Raw AppArmor lines; '' when there are none. */
  readonly apparmor: string;
  /** KubeArmorNetworkPolicy only. */
  readonly firewall?: Firewall;
  readonly object: PolicyObject;
  readonly place?: Place;
}

export const rulesOf = (policy: Policy): readonly Rule[] => policy.rules;

/** Equal exactly for the same kind, namespace and name (decision 5 of the compatibility reference). */
export const policyKey = (id: PolicyId): string => `${id.kind}/${id.namespace}/${id.name}`;

export const policyTitle = (id: PolicyId): string =>
  `${id.kind} ${id.namespace === '' ? '' : `${id.namespace}/`}${id.name}`;
