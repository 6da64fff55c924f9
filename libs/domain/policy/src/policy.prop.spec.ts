import fc from 'fast-check';
import { parsePolicies, parsePolicyEvent, readPolicy, selects } from './index.ts';
import type { Policy, Rule } from './index.ts';

const apiVersion = 'security.kubearmor.com/v1';
const object = (spec: object) => ({
  apiVersion,
  kind: 'KubeArmorPolicy',
  metadata: { name: 'p', namespace: 'n' },
  spec,
});
const read = (spec: object): Policy => {
  const { result } = readPolicy(object(spec));
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

const meaning = fc.record(
  {
    severity: fc.integer({ min: 1, max: 10 }),
    tags: fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
    message: fc.string({ minLength: 1 }),
    action: fc.constantFrom('Allow', 'Audit', 'Block'),
  },
  { requiredKeys: [] },
);

test('each of the four values is that of the innermost level that names one', () => {
  fc.assert(
    fc.property(meaning, meaning, meaning, (spec, section, entry) => {
      const rule = read({ ...spec, file: { ...section, matchPaths: [{ ...entry, path: '/a' }] } })
        .rules[0] as Rule;
      const nearest = <Key extends keyof typeof entry>(key: Key) => entry[key] ?? section[key] ?? spec[key];
      expect(rule.severity).toBe(nearest('severity') ?? 0);
      expect(rule.tags).toEqual(nearest('tags') ?? []);
      expect(rule.message).toBe(nearest('message') ?? '');
      expect(rule.action).toBe(nearest('action') ?? 'Block');
    }),
  );
});

test('writing an inherited value out changes no rule', () => {
  fc.assert(
    fc.property(meaning, meaning, (spec, section) => {
      const entry = { path: '/a' };
      const inherited = read({ ...spec, process: { ...section, matchPaths: [entry] } }).rules;
      const written = read({
        ...spec,
        process: { ...section, matchPaths: [{ ...spec, ...section, ...entry }] },
      }).rules;
      expect(written).toEqual(inherited);
    }),
  );
});

test('a comma list means the same as its items one by one', () => {
  const protocol = fc.constantFrom('tcp', 'udp', 'icmp', 'raw', 'all');
  fc.assert(
    fc.property(fc.array(protocol, { minLength: 1, maxLength: 5 }), (protocols) => {
      const joined = read({ network: { matchProtocols: [{ protocol: protocols.join(',') }] } });
      const single = read({ network: { matchProtocols: protocols.map((p) => ({ protocol: p })) } });
      expect(joined.rules).toEqual(single.rules);
    }),
  );
});

const label = fc
  .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'))
  .map(([key, value]) => `${key}=${value}`);
const expression = fc.record({
  key: fc.constant('label'),
  operator: fc.constantFrom('In', 'NotIn'),
  values: fc.array(label, { maxLength: 3 }),
});
const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'));

test('the order of expressions and of their values never matters, and each must hold by itself', () => {
  fc.assert(
    fc.property(fc.array(expression, { maxLength: 4 }), labels, (matchExpressions, podLabels) => {
      const workload = { namespace: 'n', labels: podLabels, containerName: 'c', orchestrated: true };
      const answer = (list: object[]) => selects(read({ selector: { matchExpressions: list } }), workload);
      const turned = matchExpressions.toReversed().map((e) => ({ ...e, values: e.values.toReversed() }));
      expect(answer(turned)).toBe(answer(matchExpressions));
      expect(answer(matchExpressions)).toBe(matchExpressions.every((e) => answer([e])));
    }),
  );
});

const isSound = (text: string | Uint8Array): void => {
  for (const { result, warnings, place } of parsePolicies(text)) {
    expect(place.line).toBeGreaterThan(0);
    if (result.ok) expect(result.value.id.name).not.toBe('');
    else expect(result.error.findings.length).toBeGreaterThan(0);
    for (const warning of warnings) expect(warning.severity).toBe('warning');
  }
};

test('no text makes the parser throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), isSound), { numRuns: 300 });
});

test('no bytes make the parser throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), isSound), { numRuns: 300 });
});

test('no mixture of YAML signs makes the parser throw', () => {
  const sign = fc.constantFrom(
    '- ',
    ': ',
    '? ',
    '[',
    ']',
    '{',
    '}',
    ',',
    '&a ',
    '*a',
    '!!int ',
    '!',
    '|\n',
    '>\n',
    '"',
    "'",
    '#',
    '%',
    '\n',
    '  ',
    '\t',
    '---\n',
    '...\n',
    '<<: ',
    'a',
    'kind',
    'spec',
    'metadata',
    'name',
    'null',
    '1',
    'yes',
    '\r\n',
    '\uFEFF',
    '\u0000',
  );
  fc.assert(
    fc.property(
      fc.array(sign, { maxLength: 60 }).map((signs) => signs.join('')),
      isSound,
    ),
    { numRuns: 1000 },
  );
});

test('no value in place of another makes reading a policy throw', () => {
  const spec = fc.record(
    {
      selector: fc.anything(),
      process: fc.oneof(fc.anything(), fc.record({ matchPaths: fc.array(fc.anything()) })),
      file: fc.oneof(
        fc.anything(),
        fc.record({ matchPatterns: fc.array(fc.record({ pattern: fc.anything() })) }),
      ),
      network: fc.anything(),
      syscalls: fc.anything(),
      presets: fc.anything(),
      action: fc.anything(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(spec, fc.constantFrom('crd', 'lenient'), fc.anything(), (value, strictness, metadata) => {
      expect(() => readPolicy(object(value), { strictness })).not.toThrow();
      expect(() => readPolicy({ ...object(value), metadata }, { strictness })).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

test('no payload makes the event parser throw', () => {
  const context = { enabled: true, has: () => false };
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (payload) => {
      expect(parsePolicyEvent(payload, 'container', context)).toHaveProperty('status');
    }),
  );
});
