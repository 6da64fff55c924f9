import { policyKinds, specShapes } from './generated/kinds.ts';
import {
  admitKubeArmorClusterPolicy,
  admitKubeArmorConfig,
  admitKubeArmorHostPolicy,
  admitKubeArmorNetworkPolicy,
  admitKubeArmorPolicy,
  typeKubeArmorClusterPolicy,
  typeKubeArmorConfig,
  typeKubeArmorHostPolicy,
  typeKubeArmorNetworkPolicy,
  typeKubeArmorPolicy,
} from './generated/validators.js';
import type { SchemaViolation, SpecValidator } from './spec-validator.ts';

export const policyGroup = 'security.kubearmor.com';
export const policyVersion = 'v1';

/** What the operator is configured by; its one version is v1 too. */
export const configGroup = 'operator.kubearmor.com';

/** Names of the four kinds in the API server. */
export { policyKinds };
export type PolicyKindName = (typeof policyKinds)[number]['kind'];
export type KindName = PolicyKindName | 'KubeArmorConfig';

/** The keys a spec may have, without their constraints. */
export type KeyShape =
  | { readonly keys: Readonly<Record<string, KeyShape>> }
  | { readonly items: KeyShape }
  | { readonly leaf: string };

/**
 * `crd`: all that the API server checks, except the CEL rules. `lenient`: only the types of values, for policies that
 * reach an agent as a file or over gRPC and never see an API server.
 */
export type Strictness = 'crd' | 'lenient';

const validators: Readonly<Record<KindName, Readonly<Record<Strictness, SpecValidator>>>> = {
  KubeArmorPolicy: { crd: admitKubeArmorPolicy, lenient: typeKubeArmorPolicy },
  KubeArmorClusterPolicy: { crd: admitKubeArmorClusterPolicy, lenient: typeKubeArmorClusterPolicy },
  KubeArmorHostPolicy: { crd: admitKubeArmorHostPolicy, lenient: typeKubeArmorHostPolicy },
  KubeArmorNetworkPolicy: { crd: admitKubeArmorNetworkPolicy, lenient: typeKubeArmorNetworkPolicy },
  KubeArmorConfig: { crd: admitKubeArmorConfig, lenient: typeKubeArmorConfig },
};

/** All violations of the schema by a spec whose unknown keys and nulls are already removed. */
export function schemaViolations(
  kind: KindName,
  strictness: Strictness,
  spec: unknown,
): readonly SchemaViolation[] {
  const validate = validators[kind][strictness];
  return validate(spec) ? [] : (validate.errors ?? []);
}

export const specShape = (kind: KindName): KeyShape => specShapes[kind];
