import { parsePolicyEvent } from './index.ts';
import type { PolicyEventContext, PolicyEventKind } from './index.ts';

const free: PolicyEventContext = { enabled: true, has: () => false };
const taken: PolicyEventContext = { enabled: true, has: () => true };
const event = (type: string, spec: unknown, name = 'demo'): string =>
  JSON.stringify({ type, object: { metadata: { name }, spec } });
const ls = {
  selector: { matchLabels: { 'kubearmor.io/container.name': 'c' } },
  process: { matchPaths: [{ path: '/bin/ls' }] },
};
const status = (payload: string | Uint8Array, context = free, kind: PolicyEventKind = 'container') =>
  parsePolicyEvent(payload, kind, context).status;

test.each([
  ['a new policy', event('ADDED', ls), free, 'Applied'],
  ['a policy sent again', event('ADDED', ls), taken, 'Modified'],
  ['a change', event('MODIFIED', ls), taken, 'Modified'],
  ['a deletion', event('DELETED', ls), taken, 'Deleted'],
  ['a deletion of nothing', event('DELETED', ls), free, 'NotExist'],
  ['a deletion with other content', event('DELETED', { action: 'x' }), taken, 'Deleted'],
  ['a feature that is off', 'garbage', { ...free, enabled: false }, 'NotEnabled'],
  ['garbage', '{', free, 'Invalid'],
  ['a list', '[]', free, 'Invalid'],
  ['an unknown type', event('PATCHED', ls), free, 'Invalid'],
  ['no object', '{"type":"ADDED"}', free, 'Invalid'],
  ['an empty name', event('ADDED', ls, ''), free, 'Invalid'],
  ['a name that leaves the directory', event('ADDED', ls, '../x'), free, 'Invalid'],
  ['no metadata', '{"type":"ADDED","object":{}}', free, 'Invalid'],
  ['an unknown action', event('ADDED', { ...ls, action: 'Deny' }), free, 'Invalid'],
  ['a lower-case action', event('ADDED', { ...ls, action: 'audit' }), free, 'Applied'],
  ['a value of the wrong type', event('ADDED', { process: 'ls' }), free, 'Failure'],
])('%s is answered as clients expect', (_name, payload, context, expected) => {
  expect(status(payload, context)).toBe(expected);
});

test('bytes that are not UTF-8 are Invalid', () => {
  expect(status(new Uint8Array([0xff, 0xfe]))).toBe('Invalid');
});

test('the call decides the kind, and containers live in one namespace', () => {
  const id = (kind: PolicyEventKind) => {
    const answer = parsePolicyEvent(event('ADDED', { process: ls.process }), kind, free);
    return 'policy' in answer ? answer.policy.id : answer.status;
  };
  expect(id('container')).toEqual({
    kind: 'KubeArmorPolicy',
    namespace: 'container_namespace',
    name: 'demo',
  });
  expect(id('host')).toEqual({ kind: 'KubeArmorHostPolicy', namespace: '', name: 'demo' });
  expect(id('network')).toEqual({ kind: 'KubeArmorNetworkPolicy', namespace: '', name: 'demo' });
});

test('what no API server checked is taken: a directory without slash, a host protocol without source', () => {
  const spec = {
    process: { matchDirectories: [{ dir: '/usr/bin', recursive: true }] },
    network: { matchProtocols: [{ protocol: 'udp' }] },
  };
  const answer = parsePolicyEvent(event('ADDED', spec), 'host', free);
  expect('policy' in answer && answer.policy.rules.map((r) => r.pattern)).toEqual([
    { kind: 'directory', dir: '/usr/bin/', recursive: true },
    { kind: 'word', word: 'UDP' },
  ]);
});

test('a container expression that is none is pointed out', () => {
  const spec = { ...ls, selector: { matchLabels: { 'kubearmor.io/container.name': '(' } } };
  const answer = parsePolicyEvent(event('ADDED', spec), 'container', free);
  expect('warnings' in answer && answer.warnings.map((w) => w.code)).toContain('KA_POLICY_REGEX');
});

test('nesting of any depth is no danger', () => {
  const deep = `{"type":"ADDED","object":${'{"metadata":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
  expect(status(deep)).toBe('Invalid');
});
