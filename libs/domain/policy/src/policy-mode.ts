import type { PolicyMode } from './posture.ts';

/** What enforces on the node. */
export type EnforcerKind = 'bpf' | 'apparmor' | 'selinux' | 'none';

export interface PodPolicyContext {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly enforcer: EnforcerKind;
}

export interface PolicyModeDecision {
  readonly mode: PolicyMode;
  /** PascalCase; says which rule decided. */
  readonly reason: 'Annotation' | 'Default' | 'KubeSystem' | 'CiliumPod' | 'NoEnforcer';
}

export const policyAnnotation = 'kubearmor-policy';

/** Namespaces in which policies are neither pushed nor reported unless the setting says otherwise. */
export const defaultUntrackedNamespaces: readonly string[] = ['kube-system', 'kubearmor'];

/** How policies bear on a pod. Some pods are audited whatever their annotation says. */
export function decidePodMode({
  namespace,
  labels,
  annotations,
  enforcer,
}: PodPolicyContext): PolicyModeDecision {
  if (enforcer === 'none' || enforcer === 'selinux') return { mode: 'audited', reason: 'NoEnforcer' };
  if (namespace === 'kube-system') return { mode: 'audited', reason: 'KubeSystem' };
  if (Object.hasOwn(labels, 'io.cilium/app')) return { mode: 'audited', reason: 'CiliumPod' };
  return annotatedMode(annotations);
}

/** How host policies bear on a node. A kernel that merely lists SELinux beside BPF still enforces. */
export function decideNodeMode(
  annotations: Readonly<Record<string, string>>,
  enforcer: EnforcerKind,
): PolicyModeDecision {
  return enforcer === 'none' ? { mode: 'audited', reason: 'NoEnforcer' } : annotatedMode(annotations);
}

/** A missing or unknown value means enabled. */
function annotatedMode(annotations: Readonly<Record<string, string>>): PolicyModeDecision {
  const text = Object.hasOwn(annotations, policyAnnotation) ? annotations[policyAnnotation] : undefined;
  if (text === 'enabled' || text === 'audited' || text === 'disabled')
    return { mode: text, reason: 'Annotation' };
  return { mode: 'enabled', reason: 'Default' };
}
