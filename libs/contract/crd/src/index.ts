export { policyGroup, policyKinds, policyVersion, schemaViolations, specShape } from './policy-kind.ts';
export type { KeyShape, PolicyKindName, Strictness } from './policy-kind.ts';
export type { SchemaViolation, SpecValidator } from './spec-validator.ts';
export type {
  KubeArmorClusterPolicySpec,
  KubeArmorHostPolicySpec,
  KubeArmorNetworkPolicySpec,
  KubeArmorPolicySpec,
} from './generated/specs.ts';
