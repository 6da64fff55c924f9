import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { policyKinds, schemaViolations, specShape } from './index.ts';

const room = join(import.meta.dirname, '..');
const all = readdirSync(join(room, 'schemas')).map((name) =>
  parse(readFileSync(join(room, 'schemas', name), 'utf8')),
);
const crds = all.filter((crd) => crd.spec.group === 'security.kubearmor.com');
const config = all.find((crd) => crd.spec.group === 'operator.kubearmor.com');
const specOf = (kind: string) =>
  crds.find((crd) => crd.spec.names.kind === kind).spec.versions[0].schema.openAPIV3Schema.properties.spec;

test('the committed generated files are what the generator writes', () => {
  const tool = join(room, '../../../tools/gen-crd.ts');
  expect(() => execFileSync(process.execPath, [tool, '--check'], { stdio: 'pipe' })).not.toThrow();
});

test('the kinds keep the names, short names and scopes that clients use', () => {
  expect(policyKinds.map((k) => `${k.kind} ${k.plural} ${k.shortName} ${k.namespaced}`).sort()).toEqual([
    'KubeArmorClusterPolicy kubearmorclusterpolicies csp false',
    'KubeArmorHostPolicy kubearmorhostpolicies hsp false',
    'KubeArmorNetworkPolicy kubearmornetworkpolicies nsp false',
    'KubeArmorPolicy kubearmorpolicies ksp true',
  ]);
});

test('every kind is served as v1 with a status subresource and the columns of KubeArmor first', () => {
  for (const crd of crds) {
    const version = crd.spec.versions[0];
    expect(crd.metadata.name).toBe(`${crd.spec.names.plural}.security.kubearmor.com`);
    expect(version).toMatchObject({ name: 'v1', served: true, storage: true, subresources: { status: {} } });
    expect(version.additionalPrinterColumns.map((c: { name: string }) => c.name)).toEqual([
      'Age',
      'Action',
      'Selector',
      'Accepted',
      'Selected',
      'Applied',
    ]);
  }
});

test('sections that kinds share have one schema', () => {
  const pod = specOf('KubeArmorPolicy').properties;
  const cluster = specOf('KubeArmorClusterPolicy').properties;
  const host = specOf('KubeArmorHostPolicy').properties;
  for (const section of ['process', 'file', 'network', 'capabilities', 'syscalls', 'presets']) {
    expect(cluster[section]).toEqual(pod[section]);
  }
  for (const section of ['process', 'file', 'capabilities', 'syscalls'])
    expect(host[section]).toEqual(pod[section]);
});

const statusOf = (crd: (typeof all)[number]) =>
  crd.spec.versions[0].schema.openAPIV3Schema.properties.status.properties;

test('all kinds tell their conditions in one form', () => {
  for (const crd of crds) expect(statusOf(crd)).toEqual(statusOf(crds[0]));
  expect(statusOf(config).conditions).toEqual(statusOf(crds[0]).conditions);
  expect(statusOf(config)).toMatchObject({ phase: { type: 'string' }, message: { type: 'string' } });
});

test.each([
  ['nothing', {}],
  ['what its own sample says', { defaultFilePosture: 'block', defaultVisibility: 'process,network' }],
  ['a variable from a field', { globalEnv: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'x' } } }] }],
  [
    'a divisor by number',
    { globalEnv: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'r', divisor: 1 } } }] },
  ],
  ['a component of no words', { kubearmorImage: {} }],
])('a KubeArmorConfig with %s is accepted', (_name, spec) => {
  expect(schemaViolations('KubeArmorConfig', 'crd', spec)).toEqual([]);
});

test.each([
  ['an unknown posture', { defaultFilePosture: 'Block' }, '/defaultFilePosture'],
  [
    'a pull policy in small letters',
    { kubearmorImage: { imagePullPolicy: 'always' } },
    '/kubearmorImage/imagePullPolicy',
  ],
  ['a port as text', { controllerPort: '9443' }, '/controllerPort'],
  ['a variable without name', { globalEnv: [{ value: 'x' }] }, '/globalEnv/0'],
])('a KubeArmorConfig with %s is refused by its place', (_name, spec, instancePath) => {
  expect(schemaViolations('KubeArmorConfig', 'crd', spec)).toMatchObject([{ instancePath }]);
});

test('no schema keeps unknown fields, so the API server prunes them', () => {
  expect(JSON.stringify(all)).not.toContain('preserve-unknown-fields');
});

test('only a host policy must say which nodes it is for', () => {
  expect(specOf('KubeArmorHostPolicy').required).toEqual(['nodeSelector']);
  expect(specOf('KubeArmorPolicy').required).toBeUndefined();
});

test('all 335 system call names validate and others do not', () => {
  const names =
    specOf('KubeArmorPolicy').properties.syscalls.properties.matchSyscalls.items.properties.syscall.items
      .enum;
  expect(names).toHaveLength(335);
  const violations = (syscall: string[]) =>
    schemaViolations('KubeArmorPolicy', 'crd', { syscalls: { matchSyscalls: [{ syscall }] } });
  expect(violations(names)).toEqual([]);
  expect(violations(['unlink', 'unlinked'])).toMatchObject([
    { keyword: 'enum', instancePath: '/syscalls/matchSyscalls/0/syscall/1' },
  ]);
});

const entry = (section: string, list: string, value: object) => ({ [section]: { [list]: [value] } });

test.each([
  ['path without a leading slash', entry('process', 'matchPaths', { path: 'bin/ls' }), 'pattern'],
  ['path with a trailing slash', entry('file', 'matchPaths', { path: '/etc/' }), 'pattern'],
  ['path of 201 characters', entry('file', 'matchPaths', { path: `/${'a'.repeat(200)}` }), 'maxLength'],
  ['file entry without path', entry('file', 'matchPaths', { readOnly: true }), 'required'],
  ['pattern entry with path', entry('process', 'matchPatterns', {}), 'required'],
  [
    '21 allowed arguments',
    entry('process', 'matchPaths', { path: '/a', allowedArgs: Array(21).fill('-x') }),
    'maxItems',
  ],
  ['execname with a slash', entry('process', 'matchPaths', { execname: '/ls' }), 'pattern'],
  ['mixed-case protocol', entry('network', 'matchProtocols', { protocol: 'Tcp' }), 'pattern'],
  ['upper-case capability', entry('capabilities', 'matchCapabilities', { capability: 'NET_RAW' }), 'pattern'],
  ['lower-case action', { action: 'audit' }, 'enum'],
  ['severity 11', { severity: 11 }, 'maximum'],
  ['severity 0', { severity: 0 }, 'minimum'],
  ['severity as text', { severity: '5' }, 'type'],
  ['a null item in a list', { tags: [null] }, 'type'],
])('the API server refuses %s and lenient delivery looks at types only', (_name, spec, keyword) => {
  expect(schemaViolations('KubeArmorPolicy', 'crd', spec).map((v) => v.keyword)).toContain(keyword);
  const typed = schemaViolations('KubeArmorPolicy', 'lenient', spec).map((v) => v.keyword);
  expect(typed).toEqual(keyword === 'type' ? ['type'] : []);
});

test.each([
  ['a directory without trailing slash', entry('process', 'matchDirectories', { dir: '/usr/bin' })],
  ['a protocol list', entry('network', 'matchProtocols', { protocol: 'tcp,udp' })],
  ['a capability with prefix', entry('capabilities', 'matchCapabilities', { capability: 'cap_net_raw' })],
  ['a capability of newer kernels', entry('capabilities', 'matchCapabilities', { capability: 'bpf' })],
])('accepts %s', (_name, spec) => {
  expect(schemaViolations('KubeArmorPolicy', 'crd', spec)).toEqual([]);
});

test('a host protocol needs no source', () => {
  const spec = { nodeSelector: {}, ...entry('network', 'matchProtocols', { protocol: 'udp' }) };
  expect(schemaViolations('KubeArmorHostPolicy', 'crd', spec)).toEqual([]);
});

test('lengths count characters, not UTF-16 units', () => {
  const spec = entry('file', 'matchPaths', { path: `/${'😀'.repeat(199)}` });
  expect(schemaViolations('KubeArmorPolicy', 'crd', spec)).toEqual([]);
});

test('the shape of a spec tells known keys from unknown ones', () => {
  const shape = specShape('KubeArmorPolicy');
  expect('keys' in shape && Object.keys(shape.keys)).toEqual(
    expect.arrayContaining(['selector', 'process', 'apparmor']),
  );
});
