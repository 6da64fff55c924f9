import { containerNames, explainSelection, parsePolicies, selects, selectsNode } from './index.ts';
import type { Policy, PolicyKind, WorkloadIdentity } from './index.ts';

const policyOf = (kind: PolicyKind, spec: string, namespace = 'shop'): Policy => {
  const text = `apiVersion: security.kubearmor.com/v1\nkind: ${kind}\nmetadata: {name: demo, namespace: ${namespace}}\nspec: ${spec}`;
  const { result } = parsePolicies(text, { strictness: 'lenient' })[0]!;
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};
const web: WorkloadIdentity = {
  namespace: 'shop',
  labels: { app: 'web', tier: 'front', 'pod-template-hash': 'abc' },
  containerName: 'nginx',
  orchestrated: true,
};
const labels = (pairs: string): string => `{selector: {matchLabels: {${pairs}}}}`;
const expressions = (...list: string[]): string => `{selector: {matchExpressions: [${list.join(', ')}]}}`;
const inLabels = (...values: string[]): string =>
  `{key: label, operator: In, values: [${values.join(', ')}]}`;
const notInLabels = (...values: string[]): string =>
  `{key: label, operator: NotIn, values: [${values.join(', ')}]}`;

test.each([
  ['no selector', '{}', true],
  ['a null selector', '{selector: null}', true],
  ['its label', labels('app: web'), true],
  ['all its labels', labels('app: web, tier: front'), true],
  ['a label it lacks', labels('app: web, zone: a'), false],
  ['another value', labels('app: db'), false],
  ['its namespace as a label', labels('namespaceName: shop'), true],
  ['a label that a controller made', labels('pod-template-hash: abc'), false],
  ['a label named like an object member', labels('constructor: x'), false],
  ['one of several labels', expressions(inLabels('app=db', 'app=web')), true],
  ['labels it has not', expressions(inLabels('app=db')), false],
  ['the absence of another', expressions(notInLabels('app=db')), true],
  ['the absence of its own', expressions(notInLabels('app=web')), false],
  ['In met and NotIn not', expressions(inLabels('app=web'), notInLabels('tier=front')), false],
  ['NotIn met and In not', expressions(notInLabels('app=db'), inLabels('app=db')), false],
  ['two expressions that hold', expressions(inLabels('app=web'), inLabels('tier=front')), true],
  ['two of which one holds', expressions(inLabels('app=web'), inLabels('tier=back')), false],
])('a policy that asks for %s', (_name, spec, expected) => {
  expect(selects(policyOf('KubeArmorPolicy', spec), web)).toBe(expected);
});

test('a policy stays in its namespace', () => {
  expect(explainSelection(policyOf('KubeArmorPolicy', '{}', 'other'), web)).toMatchObject({
    selected: false,
    reason: 'OtherNamespace',
    message: 'the policy is in namespace other, the container in shop',
  });
});

test.each([
  ['"[nginx]"', true],
  ['"[sidecar, nginx]"', true],
  ['"[nginx,,]"', true],
  ['nginx', true],
  ['"sidecar,nginx"', true],
  ['"[]"', true],
  ['""', true],
  ['"[sidecar]"', false],
  ['ngin', false],
])('the container filter %s', (value, expected) => {
  expect(selects(policyOf('KubeArmorPolicy', labels(`kubearmor.io/container.name: ${value}`)), web)).toBe(
    expected,
  );
});

test('the container filter joins the labels', () => {
  const policy = policyOf('KubeArmorPolicy', labels('app: db, kubearmor.io/container.name: "[nginx]"'));
  expect(explainSelection(policy, web)).toMatchObject({
    reason: 'LabelMissing',
    message: expect.stringContaining('app=db'),
  });
  expect(containerNames(' [ a , b ] ')).toEqual(['a', 'b']);
});

const inNamespaces = (...values: string[]): string =>
  `{key: namespace, operator: In, values: [${values.join(', ')}]}`;
const notInNamespaces = (...values: string[]): string =>
  `{key: namespace, operator: NotIn, values: [${values.join(', ')}]}`;

test.each([
  ['everything', '{}', true],
  ['its namespace', expressions(inNamespaces('shop')), true],
  ['either of two namespaces', expressions(inNamespaces('x'), inNamespaces('shop')), true],
  ['other namespaces', expressions(inNamespaces('x')), false],
  ['all namespaces but others', expressions(notInNamespaces('x')), true],
  ['all namespaces but its own', expressions(notInNamespaces('shop')), false],
  [
    'its namespace, which is then excluded',
    expressions(inNamespaces('shop'), notInNamespaces('shop')),
    false,
  ],
  ['its namespace and label', expressions(inNamespaces('shop'), inLabels('app=web')), true],
  ['its namespace without its label', expressions(inNamespaces('shop'), notInLabels('app=web')), false],
])('a cluster policy for %s', (_name, spec, expected) => {
  expect(selects(policyOf('KubeArmorClusterPolicy', spec), web)).toBe(expected);
});

describe('containers outside Kubernetes', () => {
  const container: WorkloadIdentity = {
    namespace: 'container_namespace',
    labels: { team: 'a' },
    containerName: 'wordpress-mysql',
    orchestrated: false,
  };
  test.each([
    ['a name', 'kubearmor.io/container.name: wordpress-mysql', true],
    ['a regular expression', 'kubearmor.io/container.name: "^wordpress-.*$"', true],
    ['a part of the name', 'kubearmor.io/container.name: press', true],
    ['another name', 'kubearmor.io/container.name: "^press"', false],
    ['a label', 'team: a', true],
    ['a name and a label', 'kubearmor.io/container.name: wordpress, team: b', false],
    ['no label at all', '', true],
    ['brackets, which are a character class here', 'kubearmor.io/container.name: "[^a-z]$"', false],
  ])('are selected by %s', (_name, pairs, expected) => {
    expect(selects(policyOf('KubeArmorPolicy', labels(pairs), 'container_namespace'), container)).toBe(
      expected,
    );
  });

  test('are never selected without matchLabels, by broken expressions or by cluster policies', () => {
    const reason = (policy: Policy) => {
      const selection = explainSelection(policy, container);
      return selection.selected ? 'selected' : selection.reason;
    };
    expect(reason(policyOf('KubeArmorPolicy', '{}', 'container_namespace'))).toBe('NoMatchLabels');
    expect(
      reason(policyOf('KubeArmorPolicy', labels('kubearmor.io/container.name: "a("'), 'container_namespace')),
    ).toBe('InvalidExpression');
    expect(reason(policyOf('KubeArmorClusterPolicy', '{}'))).toBe('NotForContainers');
    expect(reason(policyOf('KubeArmorPolicy', labels('team: a')))).toBe('OtherNamespace');
  });
});

test('host policies select no container', () => {
  expect(explainSelection(policyOf('KubeArmorHostPolicy', '{}'), web)).toMatchObject({
    reason: 'NotForContainers',
  });
});

const node = {
  'kubearmor.io/hostname': 'node-1',
  'kubernetes.io/hostname': 'k-node-1',
  'kubernetes.io/arch': 'amd64',
};
const nodes = (pairs: string): string => `{nodeSelector: {matchLabels: {${pairs}}}}`;

test.each([
  ['kubearmor.io/hostname: node-1', true, true],
  ['kubearmor.io/hostname: "node-2,node-1"', true, true],
  ['kubearmor.io/hostname: "*"', true, true],
  ['kubearmor.io/hostname: node', false, false],
  ['kubernetes.io/hostname: "*"', true, false],
  ['kubernetes.io/hostname: k-node-1', true, true],
  ['kubearmor.io/hostnamereg: "node-[0-9]+"', true, true],
  ['kubearmor.io/hostnamereg: "no*1"', true, true],
  ['kubearmor.io/hostnamereg: "^ode"', false, false],
  ['kubearmor.io/hostnamereg: "a("', false, false],
  ['kubernetes.io/hostnamereg: "^k-"', true, false],
  ['kubernetes.io/arch: amd64', true, true],
  ['kubernetes.io/arch: amd64, kubearmor.io/hostname: other', false, false],
  ['zone: "*"', false, false],
  ['', false, false],
])('a host policy for {%s} selects the node in Kubernetes %s, outside %s', (pairs, inside, outside) => {
  const policy = policyOf('KubeArmorHostPolicy', nodes(pairs));
  expect(selectsNode(policy, node, { kubernetes: true })).toBe(inside);
  expect(selectsNode(policy, node, { kubernetes: false })).toBe(outside);
});

test('a host policy without nodeSelector selects no node', () => {
  expect(selectsNode(policyOf('KubeArmorHostPolicy', '{}'), node, { kubernetes: true })).toBe(false);
  expect(selectsNode(policyOf('KubeArmorPolicy', '{}'), node, { kubernetes: true })).toBe(false);
});
