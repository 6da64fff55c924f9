import { parsePolicies } from './index.ts';
import type { PolicyDocument } from './index.ts';

const head = `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata:
  name: demo
  namespace: shop
`;
const only = (text: string): PolicyDocument => parsePolicies(text)[0]!;

const warningCodes = (spec: string): string[] =>
  only(`${head}spec:\n  selector: {matchLabels: {app: web}}\n${spec}`).warnings.map((w) => w.code);
const path = (text: string): string => `  file: {matchPaths: [{path: ${text}}]}\n`;
const pattern = (text: string): string => `  file: {matchPatterns: [{pattern: '${text}'}]}\n`;

test.each([
  ['a glob in a path', path('/home/*/.bashrc'), ['KA_POLICY_GLOB_IN_PATH']],
  ['the program named [', path('"/usr/bin/["'), []],
  ['a path with dots', path('/etc/../passwd'), ['KA_POLICY_PATH_FORM']],
  ['a command line', pattern('/*/pip install*'), ['KA_POLICY_COMMAND_LINE']],
  ['a bare name as pattern', pattern('mysqld'), ['KA_POLICY_PATTERN_FORM']],
  ['a regular expression', pattern('^/proc/.+/maps$'), ['KA_POLICY_PATTERN_FORM']],
  ['an ordinary glob', pattern('/var/**/*.log'), []],
  ['hidden files', pattern('/home/*/.*'), []],
  ['an unknown protocol', '  network: {matchProtocols: [{protocol: xtcp}]}\n', ['KA_POLICY_UNKNOWN_WORD']],
  [
    'a capability that stock does not know',
    '  capabilities: {matchCapabilities: [{capability: bpf}]}\n',
    ['KA_POLICY_WIDER'],
  ],
  ['an unknown preset', '  presets: [{name: fileLessExec2}]\n', ['KA_POLICY_UNKNOWN_WORD']],
  ['a directory without slash', '  file: {matchDirectories: [{dir: /etc}]}\n', ['KA_POLICY_WIDER']],
  [
    'a process entry without matcher',
    '  process: {matchPaths: [{ownerOnly: true}]}\n',
    ['KA_POLICY_EMPTY_ENTRY', 'KA_POLICY_NO_RULES'],
  ],
  ['an empty policy', '', ['KA_POLICY_NO_RULES']],
  ['raw AppArmor text only', '  apparmor: deny /etc/** rw,\n', []],
  ['an Allow rule', '  action: Allow\n  process: {matchPaths: [{path: /bin/ls}]}\n', ['KA_POLICY_WHITELIST']],
  [
    'an Audit rule that a Block rule shadows',
    '  file: {matchPaths: [{path: /a, action: Audit}, {path: /a}]}\n',
    ['KA_POLICY_UNREACHABLE'],
  ],
  [
    'rules of different sources',
    '  file: {matchPaths: [{path: /a, action: Audit, fromSource: [{path: /b}]}, {path: /a}]}\n',
    [],
  ],
])('warns about %s as it should', (_name, spec, expected) => {
  expect(warningCodes(spec)).toEqual(expected);
});

test.each([
  ['KubeArmorPolicy', '{}', 'every pod of the namespace shop'],
  ['KubeArmorClusterPolicy', '{}', 'every pod of every namespace'],
  ['KubeArmorHostPolicy', '{nodeSelector: {}}', 'no node'],
])('says how far a %s without selector reaches', (kind, spec, expected) => {
  const document = only(`${head.replace('KubeArmorPolicy', kind)}spec: ${spec}`);
  expect(document.warnings.find((w) => w.code === 'KA_POLICY_EMPTY_SELECTOR')?.message).toContain(expected);
});
