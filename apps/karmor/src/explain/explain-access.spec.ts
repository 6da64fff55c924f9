import { parseAddress, parsePolicies, type Policy } from '@kubearmor-ts/policy';
import { explainAccess, type Question } from './explain-access.ts';
import { explanationText } from './print-explanation.ts';

const text = `
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: tokens, namespace: shop}
spec:
  severity: 7
  message: hands off
  selector: {matchLabels: {app: web}}
  action: Allow
  file:
    matchDirectories:
      - {dir: /run/secrets/, recursive: true, action: Block}
      - {dir: /, recursive: true}
      - {dir: /run/secrets/, recursive: true, fromSource: [{path: /bin/cat}]}
    matchPaths:
      - {path: /home/me/key, ownerOnly: true}
---
apiVersion: security.kubearmor.com/v1
kind: KubeArmorHostPolicy
metadata: {name: host}
spec:
  nodeSelector: {matchLabels: {kubearmor.io/hostname: "*"}}
  action: Block
  process: {matchPatterns: [{pattern: "/usr/*/nmap"}, {pattern: "/usr/[bin"}]}
---
apiVersion: security.kubearmor.com/v1
kind: KubeArmorHostPolicy
metadata: {name: good-host}
spec:
  nodeSelector: {matchLabels: {kubearmor.io/hostname: "*"}}
  action: Block
  process: {matchPaths: [{path: /usr/bin/nc}]}
`;
const policies: readonly Policy[] = parsePolicies(text, { file: 'p.yaml', strictness: 'lenient' }).flatMap(
  ({ result }) => (result.ok ? [result.value] : []),
);
const web = {
  kind: 'container',
  namespace: 'shop',
  labels: { app: 'web' },
  container: 'c',
  orchestrated: true,
} as const;
const ask = (more: Partial<Question>): Question => ({
  workload: web,
  posture: 'audit',
  mode: 'enabled',
  operation: 'open',
  object: '/run/secrets/token',
  write: false,
  source: undefined,
  owner: undefined,
  tty: false,
  args: undefined,
  ...more,
});

test('names the rule that blocks with its policy and place, and the rules it outranks', () => {
  const answer = explainAccess(policies, ask({}));
  expect(answer).toMatchObject({
    verdict: 'block',
    rule: { policy: 'KubeArmorPolicy shop/tokens', place: 'p.yaml:12:9', action: 'Block', severity: 7 },
    runnersUp: [{ pattern: 'directory / and all below', says: 'allow' }],
    applied: ['KubeArmorPolicy shop/tokens'],
  });
  expect(explanationText(answer, ask({}))).toContain(
    'block: open /run/secrets/token for reading\n  by rule 2, Block directory /run/secrets/ and all below: KubeArmorPolicy shop/tokens at p.yaml:12:9',
  );
});

test('the source program gets its own answer', () => {
  const answer = explainAccess(policies, ask({ source: '/bin/cat' }));
  expect(answer).toMatchObject({
    verdict: 'allow',
    rule: { source: '/bin/cat' },
    runnersUp: [{ says: 'block' }, { says: 'allow' }],
  });
});

test('says when the answer hangs on the owner and nobody said who that is', () => {
  expect(explainAccess(policies, ask({ object: '/home/me/key' }))).toMatchObject({
    verdict: 'allow',
    otherwise: { verdict: 'block' },
  });
  expect(explainAccess(policies, ask({ object: '/home/me/key', owner: false })).otherwise).toBeUndefined();
});

test('a path is taken as the kernel would build it', () => {
  expect(explainAccess(policies, ask({ object: '/run//x/../secrets/' }))).toMatchObject({
    object: '/run/secrets',
    verdict: 'block',
  });
});

test('says why a policy is not for the workload', () => {
  const answer = explainAccess(policies, ask({ workload: { ...web, labels: {} } }));
  expect(answer).toMatchObject({ verdict: 'none', decidedBy: 'nothing', rule: undefined });
  expect(answer.skipped[0]!.reason).toContain('app=web');
});

test('a capability is looked up by its name, and its class has a posture of its own', () => {
  const [policy] = parsePolicies(
    `
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: caps, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  capabilities:
    matchCapabilities:
      - {capability: net_raw, fromSource: [{path: /bin/ping}], action: Allow}
      - {capability: checkpoint_restore, action: Block}
`,
    { strictness: 'lenient' },
  ).flatMap(({ result }) => (result.ok ? [result.value] : []));
  const use = (object: string, more: Partial<Question> = {}): Question =>
    ask({ operation: 'capability', object, posture: 'block', ...more });
  expect(explainAccess([policy!], use('CAP_NET_RAW', { source: '/bin/ping' }))).toMatchObject({
    verdict: 'allow',
    rule: { pattern: 'CAP_NET_RAW', source: '/bin/ping' },
  });
  expect(explainAccess([policy!], use('CAP_NET_RAW'))).toMatchObject({
    verdict: 'block',
    decidedBy: 'defaultPosture',
  });
  const answer = explainAccess([policy!], use('CAP_CHECKPOINT_RESTORE'));
  expect(answer).toMatchObject({ verdict: 'block', decidedBy: 'rule' });
  expect(explanationText(answer, use('CAP_CHECKPOINT_RESTORE'))).toMatch(
    /^block: use CAP_CHECKPOINT_RESTORE\n/,
  );
});

test('a connection is asked about step by step, and the answer is that of the step that fails', () => {
  const [policy] = parsePolicies(
    `
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata: {name: net, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  network:
    matchEndpoints:
      - {cidr: 10.0.0.0/8, ports: [{port: https}], direction: egress, action: Allow}
      - {ports: [{port: ssh}], direction: ingress, action: Block}
    matchProtocols:
      - {protocol: udp, action: Block}
`,
    { strictness: 'lenient' },
  ).flatMap(({ result }) => (result.ok ? [result.value] : []));
  const call = (address: string, port: number, protocol: 'TCP' | 'UDP' = 'TCP'): Question =>
    ask({
      operation: 'connect',
      object: 'as asked',
      peer: { protocol, address: parseAddress(address)!, port },
      posture: 'block',
    });
  expect(explainAccess([policy!], call('10.1.1.1', 443))).toMatchObject({
    verdict: 'allow',
    rule: { pattern: 'endpoint egress 10.0.0.0/8 port 443' },
  });
  expect(explainAccess([policy!], call('11.1.1.1', 443))).toMatchObject({
    verdict: 'block',
    decidedBy: 'defaultPosture',
  });
  expect(explainAccess([policy!], call('10.1.1.1', 53, 'UDP'))).toMatchObject({
    verdict: 'block',
    rule: { pattern: 'UDP' },
  });
  expect(explainAccess([policy!], { ...call('10.1.1.1', 22), operation: 'accept' })).toMatchObject({
    verdict: 'block',
    rule: { pattern: 'endpoint ingress port 22' },
  });
});

test('a policy that cannot be compiled is named, the others decide', () => {
  const question = ask({
    workload: { kind: 'host', labels: { 'kubearmor.io/hostname': 'n1' } },
    operation: 'exec',
    object: '/usr/bin/nc',
  });
  const answer = explainAccess(policies, question);
  expect(answer).toMatchObject({
    verdict: 'block',
    rule: { policy: 'KubeArmorHostPolicy good-host' },
    refused: [{ policy: 'KubeArmorHostPolicy host', code: 'KA_MATCH_UNCLOSED_BRACKET' }],
  });
  expect(explanationText(answer, question)).toContain('refused: KubeArmorHostPolicy host at p.yaml:');
});
