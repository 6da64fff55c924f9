import {
  decideHostVisibility,
  decideNodeMode,
  decidePodMode,
  decidePostures,
  decideVisibility,
  parseVisibility,
} from './index.ts';

test('an annotation beats the config, the config a flag, each resource on its own', () => {
  expect(
    decidePostures({
      annotations: { 'kubearmor-file-posture': 'Block' },
      config: { network: 'block' },
      flags: { file: 'audit', network: 'audit', capabilities: 'block' },
    }),
  ).toEqual({ postures: { file: 'block', network: 'block', capabilities: 'block' }, invalidAnnotations: [] });
});

test('postures are audit unless somebody says block', () => {
  expect(decidePostures({}).postures).toEqual({ file: 'audit', network: 'audit', capabilities: 'audit' });
  expect(decidePostures({ flags: { file: 'allow', network: 'deny' } }).postures).toMatchObject({
    file: 'audit',
    network: 'audit',
  });
});

test('an invalid annotation is reported and the global value holds', () => {
  const decision = decidePostures({
    annotations: { 'kubearmor-network-posture': 'deny' },
    config: { network: 'block' },
  });
  expect(decision).toMatchObject({
    postures: { network: 'block' },
    invalidAnnotations: ['kubearmor-network-posture'],
  });
});

const allFour = { process: true, file: true, network: true, capabilities: true, dns: false, ima: false };
const nothing = { process: false, file: false, network: false, capabilities: false, dns: false, ima: false };

test('visibility words count wherever they stand, and none means nothing', () => {
  expect(parseVisibility('file; dns and process')).toEqual({
    ...nothing,
    file: true,
    dns: true,
    process: true,
  });
  expect(parseVisibility('none')).toEqual(nothing);
});

test('the annotation of a namespace replaces the global visibility', () => {
  expect(decideVisibility({ 'kubearmor-visibility': 'none' }, 'process,file')).toEqual(nothing);
  expect(decideVisibility({ other: 'x' })).toEqual(allFour);
});

test('hosts report nothing by default in Kubernetes and all four classes elsewhere', () => {
  expect(decideHostVisibility({}, 'default', { kubernetes: true })).toEqual(nothing);
  expect(decideHostVisibility({}, 'default', { kubernetes: false })).toEqual(allFour);
  expect(decideHostVisibility({ 'kubearmor-visibility': 'file' }, 'default', { kubernetes: true }).file).toBe(
    true,
  );
});

const pod = { namespace: 'shop', labels: {}, annotations: {}, enforcer: 'bpf' } as const;

test.each([
  ['no annotation', pod, 'enabled', 'Default'],
  ['audited', { ...pod, annotations: { 'kubearmor-policy': 'audited' } }, 'audited', 'Annotation'],
  ['disabled', { ...pod, annotations: { 'kubearmor-policy': 'disabled' } }, 'disabled', 'Annotation'],
  ['an unknown word', { ...pod, annotations: { 'kubearmor-policy': 'off' } }, 'enabled', 'Default'],
  [
    'kube-system',
    { ...pod, namespace: 'kube-system', annotations: { 'kubearmor-policy': 'enabled' } },
    'audited',
    'KubeSystem',
  ],
  ['a Cilium pod', { ...pod, labels: { 'io.cilium/app': 'operator' } }, 'audited', 'CiliumPod'],
  ['no enforcer', { ...pod, enforcer: 'none' }, 'audited', 'NoEnforcer'],
  ['SELinux', { ...pod, enforcer: 'selinux' }, 'audited', 'NoEnforcer'],
] as const)('the policy mode of a pod with %s', (_name, context, mode, reason) => {
  expect(decidePodMode(context)).toEqual({ mode, reason });
});

test('a node is audited only where nothing enforces', () => {
  expect(decideNodeMode({ 'kubearmor-policy': 'disabled' }, 'bpf').mode).toBe('disabled');
  expect(decideNodeMode({}, 'selinux').mode).toBe('enabled');
  expect(decideNodeMode({}, 'none').mode).toBe('audited');
});
