import { compileExpression } from './expression.ts';
import type { Policy } from './policy.ts';

export interface NodeContext {
  /** The keys under kubernetes.io work in Kubernetes only. */
  readonly kubernetes: boolean;
}

const expressionKeys: Readonly<Record<string, string>> = {
  'kubearmor.io/hostnamereg': 'kubearmor.io/hostname',
  'kubernetes.io/hostnamereg': 'kubernetes.io/hostname',
};

export const isHostnameExpression = (key: string): boolean => Object.hasOwn(expressionKeys, key);

/** Whether a host or network policy applies to a node. Empty labels select no node. */
export function selectsNode(
  policy: Policy,
  labels: Readonly<Record<string, string>>,
  context: NodeContext,
): boolean {
  const wanted = Object.entries(policy.nodeLabels ?? {});
  const isForNodes = policy.id.kind === 'KubeArmorHostPolicy' || policy.id.kind === 'KubeArmorNetworkPolicy';
  return (
    isForNodes &&
    wanted.length > 0 &&
    wanted.every(([key, value]) => isMet(policy, key, value, labels, context))
  );
}

function isMet(
  policy: Policy,
  key: string,
  value: string,
  labels: Readonly<Record<string, string>>,
  { kubernetes }: NodeContext,
): boolean {
  const labelKey = expressionKeys[key] ?? key;
  const isHostname = labelKey === 'kubearmor.io/hostname' || labelKey === 'kubernetes.io/hostname';
  const label = Object.hasOwn(labels, labelKey) ? labels[labelKey] : undefined;
  if (label === undefined) return false;
  if (!isHostname || (labelKey === 'kubernetes.io/hostname' && !kubernetes))
    return key === labelKey && label === value;
  if (labelKey !== key) return expressionOf(policy, key, value)?.found(label) ?? false;
  return value === '*' || value.split(',').some((name) => name.trim() === label);
}

const compiled = new WeakMap<Policy, Map<string, ReturnType<typeof compileExpression>>>();

/** In a hostname expression a star alone stands for any text. */
function expressionOf(policy: Policy, key: string, value: string): ReturnType<typeof compileExpression> {
  const known = compiled.get(policy) ?? new Map<string, ReturnType<typeof compileExpression>>();
  compiled.set(policy, known);
  if (!known.has(key)) known.set(key, compileExpression(value.replaceAll('*', '.*')));
  return known.get(key);
}
