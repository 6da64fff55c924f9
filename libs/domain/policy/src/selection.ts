/**
 * Which workloads a policy is for. Every condition is a named predicate; the first that fails is the reason. All
 * conditions must hold, in whatever order the policy lists them (decision 3 of the compatibility reference).
 */
import { compileExpression } from './expression.ts';
import { unorchestratedNamespace } from './metadata.ts';
import type { LabelExpression, Policy, PodSelector } from './policy.ts';

export interface WorkloadIdentity {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly containerName: string;
  /** False for containers that run outside Kubernetes. */
  readonly orchestrated: boolean;
}

export type Selection =
  | { readonly selected: true }
  | { readonly selected: false; readonly reason: SelectionReason; readonly message: string };

export type SelectionReason =
  | 'NotForContainers'
  | 'OtherNamespace'
  | 'LabelMissing'
  | 'ExpressionNotMet'
  | 'OtherContainer'
  | 'NoMatchLabels'
  | 'InvalidExpression';

/** Key of `selector.matchLabels` that names containers instead of a label. */
export const containerKey = 'kubearmor.io/container.name';

/** Labels that controllers generate; they are no part of a workload's identity. */
const generatedLabels = new Set(['pod-template-hash', 'pod-template-generation', 'controller-revision-hash']);

const yes: Selection = { selected: true };
const no = (reason: SelectionReason, message: string): Selection => ({ selected: false, reason, message });

export const selects = (policy: Policy, workload: WorkloadIdentity): boolean =>
  explainSelection(policy, workload).selected;

/** Whether the policy applies to the container, and if not, the first reason why. */
export function explainSelection(policy: Policy, workload: WorkloadIdentity): Selection {
  for (const check of checks) {
    const answer = check(policy, workload);
    if (!answer.selected) return answer;
  }
  return yes;
}

const checks = [isForThisKindOfWorkload, coversNamespace, carriesLabels, meetsExpressions, namesContainer];

function isForThisKindOfWorkload(
  { id, selector, nodeLabels }: Policy,
  workload: WorkloadIdentity,
): Selection {
  if (id.kind === 'KubeArmorHostPolicy') return no('NotForContainers', 'a KubeArmorHostPolicy is for nodes');
  if (id.kind === 'KubeArmorNetworkPolicy' && !isPopulated(selector)) {
    return no(
      'NotForContainers',
      nodeLabels === undefined ? 'the policy names no pods' : 'the policy is for nodes',
    );
  }
  if (workload.orchestrated) return yes;
  if (id.kind !== 'KubeArmorPolicy') return no('NotForContainers', `a ${id.kind} needs Kubernetes`);
  return selector.hasMatchLabels
    ? yes
    : no('NoMatchLabels', 'outside Kubernetes selector.matchLabels must be present');
}

const isPopulated = (selector: PodSelector): boolean =>
  selector.hasMatchLabels || selector.expressions.length > 0;

function coversNamespace({ id, selector }: Policy, { namespace, orchestrated }: WorkloadIdentity): Selection {
  if (id.kind === 'KubeArmorPolicy') {
    const wanted = orchestrated ? id.namespace : unorchestratedNamespace;
    if (id.namespace !== wanted)
      return no(
        'OtherNamespace',
        `outside Kubernetes policies live in ${wanted}, this one in ${id.namespace}`,
      );
    return namespace === wanted
      ? yes
      : no('OtherNamespace', `the policy is in namespace ${wanted}, the container in ${namespace}`);
  }
  const expressions = selector.expressions.filter((e) => e.key === 'namespace');
  const wanted = expressions.filter((e) => e.operator === 'In');
  if (wanted.length > 0 && !wanted.some((e) => e.values.includes(namespace))) {
    return no(
      'OtherNamespace',
      `namespace ${namespace} is not among ${wanted.flatMap((e) => e.values).join(', ')}`,
    );
  }
  const isExcluded = expressions.some((e) => e.operator === 'NotIn' && e.values.includes(namespace));
  return isExcluded ? no('OtherNamespace', `namespace ${namespace} is excluded by NotIn`) : yes;
}

function carriesLabels({ selector }: Policy, workload: WorkloadIdentity): Selection {
  for (const [key, value] of Object.entries(selector.matchLabels)) {
    if (hasLabel(workload, key, value)) continue;
    const actual = Object.hasOwn(workload.labels, key)
      ? `it is ${workload.labels[key]}`
      : 'it has no such label';
    return no('LabelMissing', `label ${key}=${value} is asked for and ${actual}`);
  }
  return yes;
}

function meetsExpressions({ selector }: Policy, workload: WorkloadIdentity): Selection {
  const unmet = selector.expressions.find((e) => e.key !== 'namespace' && !isMet(e, workload));
  if (unmet === undefined) return yes;
  const what = unmet.operator === 'In' ? 'none of these labels is there' : 'one of these labels is there';
  return no('ExpressionNotMet', `${unmet.key} ${unmet.operator} [${unmet.values.join(', ')}]: ${what}`);
}

function isMet({ key, operator, values }: LabelExpression, workload: WorkloadIdentity): boolean {
  if (key !== 'label') return false;
  const isAnyThere = values.some((pair) => {
    const at = pair.indexOf('=');
    return at !== -1 && hasLabel(workload, pair.slice(0, at), pair.slice(at + 1));
  });
  if (operator === 'In') return isAnyThere;
  return operator === 'NotIn' && !isAnyThere;
}

/** The namespace belongs to the identity under the name `namespaceName`. */
function hasLabel({ namespace, labels }: WorkloadIdentity, key: string, value: string): boolean {
  if (key === 'namespaceName') return namespace === value;
  return !generatedLabels.has(key) && Object.hasOwn(labels, key) && labels[key] === value;
}

function namesContainer({ selector }: Policy, { containerName, orchestrated }: WorkloadIdentity): Selection {
  if (selector.container === undefined) return yes;
  if (!orchestrated) return matchesContainerExpression(selector, selector.container, containerName);
  const names = containerNames(selector.container);
  if (names.length === 0 || names.includes(containerName)) return yes;
  return no('OtherContainer', `the container ${containerName} is not among ${names.join(', ')}`);
}

/**
 * `[a, b]` in brackets or bare, so that `container-1` names that container (decision 4 of the compatibility reference).
 * Empty means every container.
 */
export function containerNames(value: string): readonly string[] {
  const text = value.trim();
  const bare = text.slice(text.startsWith('[') ? 1 : 0, text.endsWith(']') ? -1 : undefined);
  return bare
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

const compiledSelectors = new WeakMap<PodSelector, ReturnType<typeof compileExpression>>();

function matchesContainerExpression(selector: PodSelector, text: string, containerName: string): Selection {
  if (!compiledSelectors.has(selector)) compiledSelectors.set(selector, compileExpression(text));
  const expression = compiledSelectors.get(selector);
  if (expression === undefined)
    return no('InvalidExpression', `${JSON.stringify(text)} is not a regular expression`);
  return expression.found(containerName)
    ? yes
    : no('OtherContainer', `the container ${containerName} does not match ${text}`);
}
