import { policyKey } from '@kubearmor-ts/policy';
import { PolicyStore } from './policy-store.ts';
import type { PolicyChange, PolicyFile } from './policy-store.ts';
import { parsePolicyFile } from './read-policy-file.ts';

const text = (name: string, path = '/secret'): string =>
  `apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: ${name}\nspec:\n  selector:\n    matchLabels:\n      app: x\n  file:\n    matchPaths:\n    - path: ${path}\n  action: Block\n`;

const file = (path: string, body: string, writtenNs = 1n): PolicyFile =>
  parsePolicyFile(path, Buffer.from(body), writtenNs);
const names = (store: PolicyStore): string[] => [...store.policies()].map(({ id }) => id.name).sort();

function aStore(): { store: PolicyStore; changes: PolicyChange[] } {
  const store = new PolicyStore();
  const changes: PolicyChange[] = [];
  store.onChange((change) => void changes.push(change));
  return { store, changes };
}

test('a removed file takes its policies along', () => {
  const { store } = aStore();
  store.apply([file('a.yaml', `${text('one')}---\n${text('two')}`), file('b.yaml', text('three'))], []);
  expect(names(store)).toEqual(['one', 'three', 'two']);
  store.apply([], ['a.yaml']);
  expect(names(store)).toEqual(['three']);
});

test('a broken document is reported with its place and takes no protection away', () => {
  const { store } = aStore();
  store.apply([file('a.yaml', `${text('one')}---\n${text('two')}`)], []);
  const before = store.get('KubeArmorPolicy/default/two');
  store.apply([file('a.yaml', `${text('one', '/other')}---\n${text('two').replace('Block', 'Blok')}`)], []);
  expect(store.get('KubeArmorPolicy/default/two')).toBe(before);
  expect(store.get('KubeArmorPolicy/default/one')?.rules[0]?.pattern).toEqual({
    kind: 'exact',
    path: '/other',
  });
  expect([...store.problems()]).toMatchObject([
    ['a.yaml', { place: expect.stringMatching(/^a\.yaml:\d+:\d+$/) }],
  ]);
  store.apply([file('a.yaml', text('one'))], []);
  expect(names(store)).toEqual(['one']);
  expect([...store.problems()]).toEqual([]);
});

test.each([
  ['text that is no YAML', 'a: [b'],
  ['bytes that are not UTF-8', '\xff\xfe'],
  ['an empty name', text('""')],
  ['a text', 'hello'],
])('%s changes nothing but the list of problems', (_name, body) => {
  const { store, changes } = aStore();
  store.apply([file('a.yaml', text('one'))], []);
  store.apply([parsePolicyFile('a.yaml', Buffer.from(body, 'latin1'), 2n)], []);
  expect(names(store)).toEqual(['one']);
  expect(changes).toHaveLength(1);
  expect([...store.problems()].length).toBeGreaterThan(0);
});

test('other Kubernetes objects in the directory are none of ours', () => {
  const { store } = aStore();
  store.apply([file('a.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n')], []);
  expect([...store.problems()]).toEqual([]);
});

test('of two files that define one policy the one written last is in force, and the clash is told', () => {
  const { store } = aStore();
  const [older, newer] = [file('b.yaml', text('one', '/old'), 1n), file('a.yaml', text('one', '/new'), 2n)];
  store.apply([newer, older], []);
  expect(store.get(policyKey(newer.policies[0]!.id))?.rules[0]?.pattern).toEqual({
    kind: 'exact',
    path: '/new',
  });
  expect([...store.problems()]).toMatchObject([['a.yaml', { code: 'KA_AGENT_POLICY_DUPLICATE' }]]);
  store.apply([], ['a.yaml']);
  expect(store.get(policyKey(newer.policies[0]!.id))?.rules[0]?.pattern).toEqual({
    kind: 'exact',
    path: '/old',
  });
});

test('an unknown field is a warning with its place, and the policy holds', () => {
  const text =
    'apiVersion: security.kubearmor.com/v1\nkind: KubeArmorPolicy\nmetadata:\n  name: typo\nspec:\n  selector: {matchLabels: {app: x}}\n  file:\n' +
    '    matchDirectories:\n    - dir: /etc/\n      recurive: true\n  action: Block\n';
  const store = new PolicyStore();
  store.apply([parsePolicyFile('a.yaml', Buffer.from(text), 1n)], []);
  expect(store.size).toBe(1);
  expect([...store.problems()]).toEqual([]);
  expect([...store.warnings()]).toMatchObject([
    [
      'a.yaml',
      { code: 'KA_POLICY_UNKNOWN_KEY', place: 'a.yaml:10:7', message: expect.stringContaining('recurive') },
    ],
  ]);
});
