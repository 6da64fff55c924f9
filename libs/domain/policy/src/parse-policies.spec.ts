import { parsePolicies } from './index.ts';
import type { Finding, ParseOptions, Policy, PolicyDocument } from './index.ts';

const head = `apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata:
  name: demo
  namespace: shop
`;
const parse = (text: string, options: ParseOptions = {}): readonly PolicyDocument[] =>
  parsePolicies(text, { file: 'p.yaml', ...options });
const only = (text: string, options: ParseOptions = {}): PolicyDocument => parse(text, options)[0]!;
const policyOf = (text: string, options: ParseOptions = {}): Policy => {
  const { result } = only(text, options);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};
const brief = ({ severity, code, path, place }: Finding): string =>
  `${place?.line}:${place?.column} ${severity} ${code} ${path}`;
const findings = (document: PolicyDocument): string[] =>
  [...(document.result.ok ? [] : document.result.error.findings), ...document.warnings].map(brief);

test('gives every rule the line and column of its entry', () => {
  const policy = policyOf(`${head}spec:
  selector:
    matchLabels: {app: web}
  process:
    matchPaths:
    - path: /bin/ls
    - path: /bin/cat
      fromSource: [{path: /bin/sh}]
  file: {matchDirectories: [{dir: /etc/, recursive: true}]}
`);
  expect(policy.rules.map((r) => [r.class, r.place?.file, r.place?.line, r.place?.column])).toEqual([
    ['exec', 'p.yaml', 11, 7],
    ['exec', 'p.yaml', 12, 7],
    ['file', 'p.yaml', 14, 29],
  ]);
});

test('reads JSON like YAML, with places', () => {
  const text = JSON.stringify(
    {
      apiVersion: 'security.kubearmor.com/v1',
      kind: 'KubeArmorHostPolicy',
      metadata: { name: 'h' },
      spec: { action: 'Stop' },
    },
    null,
    2,
  );
  expect(findings(only(text))).toEqual([
    '7:11 error KA_POLICY_SCHEMA spec',
    '8:15 error KA_POLICY_SCHEMA spec.action',
  ]);
});

test('a malformed document does not touch the others', () => {
  const good = `${head}spec: {process: {matchPaths: [{path: /bin/ls}]}}\n`;
  const documents = parse(
    `${good}---\nkind: [oops\n---\n# only a comment\n---\n${good.replace('demo', 'second')}`,
  );
  expect(documents.map((d) => (d.result.ok ? d.result.value.id.name : d.result.error.code))).toEqual([
    'demo',
    'KA_POLICY_SYNTAX',
    'second',
  ]);
  const { result } = documents[1]!;
  expect(!result.ok && result.error.place).toMatch(/^p\.yaml:\d+:\d+$/);
  expect(documents[2]?.place.line).toBe(12);
});

test('the items of a list are policies of their own', () => {
  const item = `  - apiVersion: security.kubearmor.com/v1
    kind: KubeArmorPolicy
    metadata: {name: NAME, namespace: x}
    spec: {process: {matchPaths: [{path: FILE}]}}
`;
  const documents = parse(
    `apiVersion: v1\nkind: List\nitems:\n${item.replace('NAME', 'a').replace('FILE', '/bin/ls')}${item.replace('NAME', 'b').replace('FILE', 'ls')}`,
  );
  expect(documents.map((d) => d.result.ok)).toEqual([true, false]);
  expect(findings(documents[1]!)[0]).toBe('11:42 error KA_POLICY_SCHEMA spec.process.matchPaths[0].path');
});

test('explicit nulls are as good as nothing', () => {
  const policy = policyOf(`${head}spec:
  selector:
    matchLabels: {app: web}
    matchExpressions:
  process:
    matchPaths:
    - path: /bin/ls
      fromSource:
  file: null
`);
  expect(policy.rules).toHaveLength(1);
  expect(policy.rules[0]?.source).toBeUndefined();
});

test.each([
  ['recursive: yes', true],
  ['recursive: on', true],
  ['recursive: "yes"', 'KA_POLICY_SCHEMA'],
])('reads %s as the API server does', (text, expected) => {
  const { result } = only(`${head}spec: {file: {matchDirectories: [{dir: /etc/, ${text}}]}}`);
  const pattern = result.ok ? result.value.rules[0]?.pattern : undefined;
  expect(result.ok ? pattern?.kind === 'directory' && pattern.recursive : result.error.code).toBe(expected);
});

test('aliases and merge keys are expanded', () => {
  const policy = policyOf(`${head}spec:
  selector: {matchLabels: {app: web}}
  process:
    matchPaths:
    - &base {path: /bin/ls, severity: 3, fromSource: &src [{path: /bin/sh}]}
    - {<<: *base, path: /bin/cat}
  file: {matchPaths: [{path: /etc/passwd, fromSource: *src}]}
`);
  expect(policy.rules.map((r) => [r.pattern, r.severity, r.source])).toEqual([
    [{ kind: 'exact', path: '/bin/ls' }, 3, '/bin/sh'],
    [{ kind: 'exact', path: '/bin/cat' }, 3, '/bin/sh'],
    [{ kind: 'exact', path: '/etc/passwd' }, 0, '/bin/sh'],
  ]);
});

test.each([
  [
    'a label beside matchLabels',
    'spec:\n  selector:\n    app: web\n',
    '8:5 warning KA_POLICY_UNKNOWN_KEY spec.selector.app',
    'applies to every pod of the namespace',
  ],
  [
    'a misspelt flag',
    'spec:\n  file:\n    matchDirectories:\n    - dir: /etc/\n      recurive: true\n',
    '10:7 warning KA_POLICY_UNKNOWN_KEY spec.file.matchDirectories[0].recurive',
    'did you mean recursive?',
  ],
  [
    'the matcher key of another list',
    'spec:\n  file:\n    matchPatterns:\n    - path: /etc/*\n',
    '9:7 warning KA_POLICY_UNKNOWN_KEY spec.file.matchPatterns[0].path',
    'matchPatterns takes pattern',
  ],
  [
    'rules indented under the selector',
    'spec:\n  selector:\n    process: {}\n',
    '8:5 warning KA_POLICY_UNKNOWN_KEY spec.selector.process',
    'move it out of selector',
  ],
  [
    'a section beside spec',
    'process: {}\n',
    '6:1 warning KA_POLICY_UNKNOWN_KEY process',
    'it belongs under spec',
  ],
  [
    'a directory as source',
    'spec:\n  file:\n    matchPaths:\n    - path: /a\n      fromSource: [{dir: /bin/}]\n',
    '10:21 warning KA_POLICY_UNKNOWN_KEY spec.file.matchPaths[0].fromSource[0].dir',
    'only system call rules',
  ],
])('says what was meant by %s', (_name, spec, expected, hint) => {
  const document = only(head + spec);
  const found = document.warnings.find((w) => w.code === 'KA_POLICY_UNKNOWN_KEY')!;
  expect(brief(found)).toBe(expected);
  expect(found.message).toContain(hint);
});

test('a key that stands twice is pointed out and the later one counts', () => {
  const document = only(
    `${head}spec:\n  action: Allow\n  action: Audit\n  process: {matchPaths: [{path: /bin/ls}]}\n`,
  );
  expect(findings(document)).toContain('8:3 warning KA_POLICY_DUPLICATE_KEY spec.action');
  expect(document.result.ok && document.result.value.action).toBe('Audit');
});

test.each([
  ['text', 'KA_POLICY_NOT_AN_OBJECT'],
  ['- a', 'KA_POLICY_NOT_AN_OBJECT'],
  ['kind: Pod\napiVersion: v1', 'KA_POLICY_OTHER_KIND'],
  ['kind: KubeArmorPolicy', 'KA_POLICY_UNKNOWN_KIND'],
  ['kind: KubeArmorPolicy\napiVersion: security.kubearmor.com/v2', 'KA_POLICY_UNKNOWN_KIND'],
  ['kind: KubearmorPolcy\napiVersion: security.kubearmor.com/v1', 'KA_POLICY_UNKNOWN_KIND'],
  [head.replace('name: demo', 'name: 5'), 'KA_POLICY_METADATA'],
  [head.replace('name: demo', 'name: ../demo'), 'KA_POLICY_METADATA'],
  [head.replace('  name: demo\n', ''), 'KA_POLICY_METADATA'],
  [`${head}  labels: {a: 1}\n`, 'KA_POLICY_METADATA'],
  [`${head}spec: 7`, 'KA_POLICY_SCHEMA'],
  [`${head}spec: {process: []}`, 'KA_POLICY_SCHEMA'],
  ['a:\n\t- b', 'KA_POLICY_SYNTAX'],
  ['*nothing', 'KA_POLICY_ALIAS'],
  ['a: &a [*a]', 'KA_POLICY_ALIAS'],
  ['[1]: x', 'KA_POLICY_SYNTAX'],
  ['a: 1\n...\nb: 2', 'KA_POLICY_SYNTAX'],
  ['['.repeat(200), 'KA_POLICY_TOO_DEEP'],
  [`a: ${'- '.repeat(200)}`, 'KA_POLICY_SYNTAX'],
])('refuses %j with a code and a place', (text, code) => {
  const { result } = only(text);
  expect(result.ok ? 'ok' : result.error.code).toBe(code);
  expect(!result.ok && result.error.place).toMatch(/^p\.yaml:\d+:\d+$/);
});

test('a hopeless text is given up after three syntax errors', () => {
  const { result } = only(`a:\n${'&b '.repeat(5000)}`);
  expect(!result.ok && result.error.findings.length).toBe(3);
});

test('aliases cannot make a small text large', () => {
  const levels = Array.from(
    { length: 30 },
    (_, i) =>
      `l${i}: &l${i} [${Array(10)
        .fill(i === 0 ? 'x' : `*l${i - 1}`)
        .join(', ')}]`,
  );
  const { result } = only(levels.join('\n'));
  expect(!result.ok && result.error.code).toBe('KA_POLICY_ALIAS');
});

test.each([
  ['bytes', 'x'.repeat(11), { maxBytes: 10 }, 'KA_POLICY_TOO_LARGE'],
  ['documents', '---\na\n---\nb\n', { maxDocuments: 1 }, 'KA_POLICY_TOO_LARGE'],
  ['words', '[1, 2, 3, 4, 5]', { maxLexemes: 10 }, 'KA_POLICY_TOO_LARGE'],
  [
    'rules',
    `${head}spec: {network: {matchProtocols: [{protocol: 'tcp,udp,raw'}]}}`,
    { maxRules: 2 },
    'KA_POLICY_TOO_MANY',
  ],
])('the limit on %s has its own code', (_name, text, limits, code) => {
  const { result } = only(text, { limits });
  expect(!result.ok && result.error.code).toBe(code);
});

test('bytes that are not UTF-8 are refused with their place', () => {
  const { result } = parsePolicies(new Uint8Array([0x61, 0x0a, 0x62, 0xff]), { file: 'p.yaml' })[0]!;
  expect(!result.ok && result.error).toMatchObject({ code: 'KA_POLICY_NOT_UTF8', place: 'p.yaml:2:2' });
});

test('keys with the names of object members are ordinary keys', () => {
  const policy = policyOf(`${head}spec: {selector: {matchLabels: {__proto__: a, constructor: b}}}`);
  expect(Object.entries(policy.selector.matchLabels)).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});

describe('lenient reading', () => {
  const lenient = { strictness: 'lenient' } as const;

  test('takes lower-case actions, silently only at the top', () => {
    const text = `${head}spec:\n  selector: {matchLabels: {a: b}}\n  action: audit\n  process: {matchPaths: [{path: /a}, {path: /b, action: block}]}\n`;
    const document = only(text, lenient);
    expect(document.result.ok && document.result.value.rules.map((r) => r.action)).toEqual([
      'Audit',
      'Block',
    ]);
    expect(document.warnings.map((w) => `${w.code} ${w.path}`)).toEqual([
      'KA_POLICY_ACTION_CASE spec.process.matchPaths[1].action',
    ]);
    expect(only(text).result.ok).toBe(false);
  });

  test('refuses an action that is none', () => {
    const { result } = only(`${head}spec: {action: Deny}`, lenient);
    expect(!result.ok && result.error.code).toBe('KA_POLICY_ACTION');
  });

  test('takes a host policy without nodeSelector', () => {
    const text = `${head.replace('KubeArmorPolicy', 'KubeArmorHostPolicy')}spec: {process: {matchPaths: [{path: /bin/ls}]}}`;
    expect(only(text, lenient).result.ok).toBe(true);
    expect(only(text).result.ok).toBe(false);
  });

  test('keeps a path that can never match, with a warning', () => {
    const document = only(
      `${head}spec:\n  selector: {matchLabels: {a: b}}\n  file: {matchPaths: [{path: bin/ls}]}\n`,
      lenient,
    );
    expect(document.warnings.map((w) => w.code)).toEqual(['KA_POLICY_PATH_FORM']);
  });
});

test('a policy without namespace is in default, and one for a cluster in none', () => {
  const noNamespace = head.replace('  namespace: shop\n', '');
  expect(policyOf(noNamespace).id).toEqual({ kind: 'KubeArmorPolicy', namespace: 'default', name: 'demo' });
  expect(policyOf(head.replace('KubeArmorPolicy', 'KubeArmorClusterPolicy')).id.namespace).toBe('');
  expect(policyOf(head, { forceNamespace: 'container_namespace' }).id.namespace).toBe('container_namespace');
});
