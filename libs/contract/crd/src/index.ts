export {
  configGroup,
  policyGroup,
  policyKinds,
  policyVersion,
  schemaViolations,
  specShape,
} from './policy-kind.ts';
export type { KeyShape, KindName, PolicyKindName, Strictness } from './policy-kind.ts';
export type { SchemaViolation, SpecValidator } from './spec-validator.ts';
export type {
  KubeArmorClusterPolicySpec,
  KubeArmorConfigSpec,
  KubeArmorHostPolicySpec,
  KubeArmorNetworkPolicySpec,
  KubeArmorPolicySpec,
} from './generated/specs.ts';
