export type { Posture, Postures, PolicyMode } from './posture.ts';
export { addressText, parseAddress, parseRange, rangeText } from './address.ts';
export type { Address, AddressRange } from './address.ts';
export { portNumber } from './endpoint.ts';
export type {
  Action,
  DeviceMatch,
  EndpointPattern,
  EndpointProtocol,
  Pattern,
  Place,
  PolicyId,
  PolicyKind,
  PortRange,
  Rule,
  RuleClass,
  SourceDirectory,
} from './rule.ts';
export { formatPlace, policyCodes } from './finding.ts';
export type { DocumentError, Finding, Path, PolicyCode } from './finding.ts';
export { defaultLimits } from './limits.ts';
export type { ParseLimits } from './limits.ts';
export { parsePolicies } from './parse-policies.ts';
export type { ParseOptions, PolicyDocument } from './parse-policies.ts';
export { readPolicy } from './read-policy.ts';
export type { PolicyReading, ReadOptions } from './read-policy.ts';
export { policyKey, policyTitle, rulesOf } from './policy.ts';
export type { LabelExpression, PodSelector, Policy, PolicyObject, Preset } from './policy.ts';
export type { Firewall, FirewallPort, FirewallRule } from './firewall.ts';
export { containerKey, containerNames, explainSelection, selects } from './selection.ts';
export type { Selection, SelectionReason, WorkloadIdentity } from './selection.ts';
export { selectsNode } from './node-selector.ts';
export type { NodeContext } from './node-selector.ts';
export { unorchestratedNamespace } from './metadata.ts';
export { capabilityWords, presetNames, protocolWords } from './words.ts';
export { decidePostures, postureAnnotations } from './posture-settings.ts';
export type { PostureDecision, PostureSources, PostureTexts } from './posture-settings.ts';
export {
  decideHostVisibility,
  decideVisibility,
  defaultVisibility,
  parseVisibility,
  visibilityAnnotation,
} from './visibility.ts';
export type { Visibility } from './visibility.ts';
export {
  decideNodeMode,
  decidePodMode,
  defaultUntrackedNamespaces,
  policyAnnotation,
} from './policy-mode.ts';
export type { EnforcerKind, PodPolicyContext, PolicyModeDecision } from './policy-mode.ts';
export { parsePolicyEvent, policyStatusNumbers } from './policy-event.ts';
export type { PolicyEvent, PolicyEventContext, PolicyEventKind, PolicyStatus } from './policy-event.ts';
