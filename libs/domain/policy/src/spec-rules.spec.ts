import { parsePolicies, policyKey, rulesOf } from './index.ts';
import type { ParseOptions, Policy, PolicyKind } from './index.ts';

const policyOf = (spec: string, kind: PolicyKind = 'KubeArmorPolicy', options: ParseOptions = {}): Policy => {
  const text = `apiVersion: security.kubearmor.com/v1\nkind: ${kind}\nmetadata: {name: demo, namespace: shop}\nspec:\n${spec}`;
  const { result } = parsePolicies(text, options)[0]!;
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

test('severity, tags, message and action come from entry, section and policy, each on its own', () => {
  const { rules } = policyOf(`
  severity: 2
  tags: [policy]
  message: from policy
  action: Audit
  file:
    severity: 5
    tags: [section]
    matchPaths:
    - {path: /a}
    - {path: /b, severity: 9, message: from entry, action: Allow, tags: [entry, more]}
  process:
    action: Block
    matchPaths: [{path: /c, tags: []}]
`);
  expect(rules.map(({ severity, tags, message, action }) => ({ severity, tags, message, action }))).toEqual([
    { severity: 2, tags: ['policy'], message: 'from policy', action: 'Block' },
    { severity: 5, tags: ['section'], message: 'from policy', action: 'Audit' },
    { severity: 9, tags: ['entry', 'more'], message: 'from entry', action: 'Allow' },
  ]);
});

test('a policy that names no action blocks', () => {
  expect(policyOf('  process: {matchPaths: [{path: /a}]}').rules[0]).toMatchObject({
    action: 'Block',
    severity: 0,
    tags: [],
    message: '',
  });
});

test('every matcher of process and file becomes a rule with its flags', () => {
  const { rules } = policyOf(`
  process:
    matchPaths:
    - {path: /bin/ls, allowedArgs: [-l], ownerOnly: true, pts: false, fromSource: [{path: /bin/sh}, {path: /bin/bash}]}
    - {execname: apt, pts: true}
    matchDirectories: [{dir: /sbin/, recursive: true}, {dir: /usr/bin}]
    matchPatterns: [{pattern: '/opt/*/x', ownerOnly: true}]
  file:
    matchPaths: [{path: /etc/passwd, readOnly: true}]
`);
  const plain = { ownerOnly: false, readOnly: false, onlyTerminal: false };
  const ls = {
    class: 'exec',
    pattern: { kind: 'exact', path: '/bin/ls' },
    allowedArgs: ['-l'],
    ownerOnly: true,
    readOnly: false,
    onlyTerminal: true,
  };
  expect(rules).toMatchObject([
    { ...ls, source: '/bin/sh' },
    { ...ls, source: '/bin/bash' },
    { ...plain, class: 'exec', pattern: { kind: 'execname', name: 'apt' } },
    { ...plain, class: 'exec', pattern: { kind: 'directory', dir: '/sbin/', recursive: true } },
    { ...plain, class: 'exec', pattern: { kind: 'directory', dir: '/usr/bin/', recursive: false } },
    { ...plain, class: 'exec', pattern: { kind: 'glob', glob: '/opt/*/x' }, ownerOnly: true },
    { ...plain, class: 'file', pattern: { kind: 'exact', path: '/etc/passwd' }, readOnly: true },
  ]);
  expect(rules.every((r) => r.policy.name === 'demo' && r.policy.namespace === 'shop')).toBe(true);
  expect(rules[2]).not.toHaveProperty('source');
});

test('comma lists are expanded wherever they stand, and words are normalised', () => {
  const { rules } = policyOf(`
  network:
    matchProtocols: [{protocol: raw}, {protocol: 'tcp, udp'}]
    matchDNSQueries: [{domain: '.Example.COM.'}, {domain: 'a.org,b.org'}]
  capabilities:
    matchCapabilities: [{capability: net_raw}, {capability: 'cap_sys_admin,bpf'}]
`);
  expect(rules.map((r) => [r.class, 'word' in r.pattern && r.pattern.word])).toEqual([
    ['network', 'RAW'],
    ['network', 'TCP'],
    ['network', 'UDP'],
    ['dns', 'example.com'],
    ['dns', 'a.org'],
    ['dns', 'b.org'],
    ['capability', 'CAP_NET_RAW'],
    ['capability', 'CAP_SYS_ADMIN'],
    ['capability', 'CAP_BPF'],
  ]);
});

test('system call rules always audit and know paths and directories on both sides', () => {
  const { rules } = policyOf(`
  action: Block
  severity: 3
  syscalls:
    message: from section
    matchSyscalls: [{syscall: [unlink, rmdir], fromSource: [{dir: /bin, recursive: true}, {path: /x}]}]
    matchPaths: [{path: /home/, recursive: true, syscall: [unlink]}, {path: /dummy, syscall: [unlink]}]
`);
  expect(rules.every((r) => r.action === 'Audit' && r.severity === 3 && r.message === 'from section')).toBe(
    true,
  );
  const word = (name: string) => ({ kind: 'word', word: name });
  const bin = { dir: '/bin/', recursive: true };
  expect(
    rules.map(({ pattern, source, sourceDirectory, target }) => ({
      pattern,
      source,
      sourceDirectory,
      target,
    })),
  ).toEqual([
    { pattern: word('unlink'), sourceDirectory: bin },
    { pattern: word('unlink'), source: '/x' },
    { pattern: word('rmdir'), sourceDirectory: bin },
    { pattern: word('rmdir'), source: '/x' },
    { pattern: word('unlink'), target: { kind: 'directory', dir: '/home/', recursive: true } },
    { pattern: word('unlink'), target: { kind: 'exact', path: '/dummy' } },
  ]);
});

test('device rules carry what they ask of a device', () => {
  const spec =
    '  nodeSelector: {}\n  device: {severity: 4, matchDevice: [{class: mass-storage, subClass: 6, level: 2, action: Allow}]}';
  expect(policyOf(spec, 'KubeArmorHostPolicy').rules).toMatchObject([
    {
      class: 'device',
      pattern: { word: 'MASS-STORAGE' },
      device: { subClass: 6, level: 2 },
      action: 'Allow',
      severity: 4,
    },
  ]);
});

test('presets take the meaning of the policy but never its action', () => {
  const { presets, rules } = policyOf(`
  action: Audit
  severity: 7
  presets: [{name: filelessExec, action: Audit}, {name: protectEnv}, {name: exec, action: Allow}]
`);
  expect(rules).toEqual([]);
  expect(presets.map((p) => [p.name, p.action, p.severity])).toEqual([
    ['filelessExec', 'Audit', 7],
    ['protectEnv', 'Block', 7],
    ['exec', 'Block', 7],
  ]);
});

test('raw AppArmor text is kept as it is', () => {
  expect(policyOf('  apparmor: |\n    deny /etc/** rw,\n').apparmor).toBe('deny /etc/** rw,\n');
});

test('a source without executable gives no rule instead of one for everybody', () => {
  expect(policyOf('  action: Allow\n  file: {matchPaths: [{path: /a, fromSource: [{}]}]}').rules).toEqual([]);
});

test('a network policy keeps its firewall rules with what they inherit', () => {
  const { firewall, nodeLabels } = policyOf(
    `
  nodeSelector: {matchLabels: {kubernetes.io/hostname: '*'}}
  severity: 5
  action: Block
  egress:
  - to: [{ipBlock: {cidr: 1.1.1.1/32}}]
    ports: [{port: dns, protocol: udp}, {port: "80", endPort: 90}]
  ingress: [{iface: [eth0], action: Allow, severity: 1}]
`,
    'KubeArmorNetworkPolicy',
  );
  expect(nodeLabels).toEqual({ 'kubernetes.io/hostname': '*' });
  expect(firewall).toMatchObject({
    level: 'pod',
    rules: [
      { direction: 'ingress', interfaces: ['eth0'], cidrs: [], action: 'Allow', severity: 1 },
      {
        direction: 'egress',
        cidrs: ['1.1.1.1/32'],
        ports: [
          { port: 'dns', protocol: 'UDP' },
          { port: '80', endPort: 90, protocol: 'TCP' },
        ],
        action: 'Block',
        severity: 5,
      },
    ],
  });
});

test.each([
  [
    'selector and nodeSelector',
    '  selector: {matchLabels: {a: b}}\n  nodeSelector: {matchLabels: {c: d}}',
    'not both',
  ],
  [
    'an ingress rule without quota',
    '  selector: {matchLabels: {a: b}}\n  ingress: [{limit: 1GB}]',
    'quotas only',
  ],
  [
    'an egress rule without quota',
    '  selector: {matchExpressions: []}\n  egress: [{duration: 1h}]',
    'quotas only',
  ],
])('a network policy for pods is refused with %s, as the rules of the CRD say', (_name, spec, message) => {
  expect(() => policyOf(spec, 'KubeArmorNetworkPolicy')).toThrow(message);
  expect(() => policyOf(spec, 'KubeArmorNetworkPolicy', { strictness: 'lenient' })).not.toThrow();
});

test('policies of different kind or namespace never share a key', () => {
  const names = [
    'KubeArmorPolicy',
    'KubeArmorClusterPolicy',
    'KubeArmorHostPolicy',
    'KubeArmorNetworkPolicy',
  ] as const;
  const keys = names.flatMap((kind) =>
    ['', 'a'].map((namespace) => policyKey({ kind, namespace, name: 'x' })),
  );
  expect(new Set(keys).size).toBe(keys.length);
});

test('the rules of a policy are the same object each time', () => {
  const policy = policyOf('  process: {matchPaths: [{path: /a}]}');
  expect(rulesOf(policy)).toBe(rulesOf(policy));
});
