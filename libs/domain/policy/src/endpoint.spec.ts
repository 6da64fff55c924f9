import { parsePolicies } from './parse-policies.ts';

const read = (entries: readonly object[]) => {
  const policy = {
    apiVersion: 'security.kubearmor.com/v1',
    kind: 'KubeArmorPolicy',
    metadata: { name: 'p', namespace: 'n' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      severity: 4,
      network: { matchEndpoints: entries, action: 'Audit' },
    },
  };
  return parsePolicies(JSON.stringify(policy), { strictness: 'lenient' })[0]!;
};
const rules = (entries: readonly object[]) => {
  const { result } = read(entries);
  if (!result.ok) throw new Error(result.error.message);
  return result.value.rules;
};

test('an entry is a rule for each of its ranges and sources, with what it inherits', () => {
  const found = rules([
    {
      cidr: '10.1.2.3/8',
      cidrs: ['fd00::/8'],
      ports: [{ port: 'https' }, { port: '8000', endPort: 8080 }],
      protocol: 'tcp',
      direction: 'egress',
      fromSource: [{ path: '/bin/a' }, { path: '/bin/b' }],
      tags: ['t'],
    },
  ]);
  expect(found).toHaveLength(4);
  expect(found[0]).toMatchObject({
    class: 'network',
    action: 'Audit',
    severity: 4,
    tags: ['t'],
    source: '/bin/a',
    pattern: {
      kind: 'endpoint',
      range: { bytes: [10, 0, 0, 0], prefix: 8 },
      ports: [
        { from: 443, to: 443 },
        { from: 8000, to: 8080 },
      ],
      protocol: 'TCP',
      direction: 'egress',
    },
  });
});

test('what an entry does not say is any', () => {
  expect(rules([{ ports: [{ port: '22' }] }])[0]!.pattern).toEqual({
    kind: 'endpoint',
    ports: [{ from: 22, to: 22 }],
  });
});

test('an entry that says nothing is reported and gives no rule', () => {
  const { result, warnings } = read([{}]);
  expect(result.ok && result.value.rules).toEqual([]);
  expect(warnings.map(({ code }) => code)).toContain('KA_POLICY_EMPTY_ENTRY');
});

test.each([
  [{ cidr: '10.0.0.0/33' }, 'spec.network.matchEndpoints[0].cidr: "10.0.0.0/33" is no address range'],
  [
    { cidrs: ['::/0', '1.2.3.4.5'] },
    'spec.network.matchEndpoints[0].cidrs[1]: "1.2.3.4.5" is no address range',
  ],
  [{ ports: [{ port: '65536' }] }, 'ports[0].port: "65536" is neither a port nor a known service'],
  [{ ports: [{ port: 'gopher' }] }, 'ports[0].port: "gopher" is neither a port nor a known service'],
  [{ ports: [{ port: '90', endPort: 80 }] }, 'ports[0].endPort: the range ends at 80 and begins at 90'],
  [{ protocol: 'tpc' }, 'protocol'],
  [{ direction: 'sideways' }, 'direction'],
])('%j is refused with its place', (entry, message) => {
  const { result } = read([entry]);
  expect(result.ok).toBe(false);
  if (!result.ok) expect(result.error.message).toContain(message);
});

test('a reader is told that other agents leave the list out', () => {
  expect(read([{ ports: [{ port: '22' }] }]).warnings.map(({ code }) => code)).toContain('KA_POLICY_WIDER');
});
