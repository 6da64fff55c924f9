import type { Action, PolicyMode, Posture, Rule } from '@kubearmor-ts/policy';
import {
  decide,
  matchingRules,
  planAccepted,
  planWorkload,
  PLAN_LIMITS,
  renameAllowed,
  type EnforcementPlan,
} from './index.ts';
import { aRule, anAccess, anInput } from './rules.testing.ts';

function planned(
  rules: readonly Rule[],
  posture: Posture = 'audit',
  mode: PolicyMode = 'enabled',
): EnforcementPlan {
  const result = planWorkload(anInput(rules, posture, mode));
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const verdict = (plan: EnforcementPlan, path: string, more = {}): string =>
  decide(plan, anAccess(path, more)).verdict;

// The truth table of the policy reference: owner read, owner write, other read, other write.
test.each<[action: Action, readOnly: boolean, ownerOnly: boolean, passes: string]>([
  ['Allow', false, false, 'yes yes yes yes'],
  ['Allow', true, false, 'yes no yes no'],
  ['Allow', false, true, 'yes yes no no'],
  ['Allow', true, true, 'yes no no no'],
  ['Block', false, false, 'no no no no'],
  ['Block', true, false, 'yes no yes no'],
  ['Block', false, true, 'yes yes no no'],
  ['Block', true, true, 'yes no no no'],
])('%s readOnly %s ownerOnly %s lets through: %s', (action, readOnly, ownerOnly, passes) => {
  const plan = planned([aRule(action, '/f', { readOnly, ownerOnly })], 'audit');
  const found = [true, false].flatMap((owner) =>
    [false, true].map((write) => verdict(plan, '/f', { owner, write }) !== 'block'),
  );
  expect(found.map((may) => (may ? 'yes' : 'no')).join(' ')).toBe(passes);
});

test.each<[action: Action, readOnly: boolean, ownerOnly: boolean, fires: string]>([
  ['Audit', false, false, 'yes yes yes yes'],
  ['Audit', true, false, 'no yes no yes'],
  ['Audit', false, true, 'no no yes yes'],
  ['Audit', true, true, 'no yes yes yes'],
])('%s readOnly %s ownerOnly %s fires: %s', (action, readOnly, ownerOnly, fires) => {
  const plan = planned([aRule(action, '/f', { readOnly, ownerOnly })]);
  const found = [true, false].flatMap((owner) =>
    [false, true].map((write) => verdict(plan, '/f', { owner, write }) === 'audit'),
  );
  expect(found.map((does) => (does ? 'yes' : 'no')).join(' ')).toBe(fires);
});

test('a rule for terminals blocks there and nowhere else', () => {
  const block = planned([aRule('Block', '/f', { onlyTerminal: true })]);
  expect([verdict(block, '/f', { tty: true }), verdict(block, '/f')]).toEqual(['block', 'allow']);
  const allow = planned([aRule('Allow', '/f', { onlyTerminal: true })]);
  expect([verdict(allow, '/f', { tty: true }), verdict(allow, '/f')]).toEqual(['block', 'allow']);
  const audit = planned([aRule('Audit', '/f', { onlyTerminal: true })]);
  expect([verdict(audit, '/f', { tty: true }), verdict(audit, '/f')]).toEqual(['audit', 'none']);
});

test.each<[what: string, higher: Rule, lower: Rule]>([
  [
    'a source-specific rule goes before a global one',
    aRule('Allow', '/a/…', { source: '/bin/cat' }),
    aRule('Block', '/a/b'),
  ],
  ['an exact path goes before a glob', aRule('Allow', '/a/b'), aRule('Block', '/a/?')],
  ['a glob goes before a directory', aRule('Allow', '/a/*'), aRule('Block', '/a/')],
  ['a program name goes before a directory', aRule('Allow', 'b'), aRule('Block', '/a/')],
  ['a deeper directory goes before a shallower one', aRule('Allow', '/a/b/…'), aRule('Block', '/a/…')],
  [
    'a deeper directory that is not recursive goes before a recursive one',
    aRule('Allow', '/a/'),
    aRule('Block', '/…'),
  ],
  ["a directory's own rule goes before its recursive one", aRule('Allow', '/a/'), aRule('Block', '/a/…')],
  ['Block goes before Allow', aRule('Block', '/a/b'), aRule('Allow', '/a/b')],
  [
    'a plain Block goes before one with exceptions',
    aRule('Block', '/a/b'),
    aRule('Block', '/a/b', { ownerOnly: true }),
  ],
])('%s', (_what, higher, lower) => {
  for (const rules of [
    [higher, lower],
    [lower, higher],
  ]) {
    const plan = planned(rules);
    expect(decide(plan, anAccess('/a/b', { source: '/bin/cat', owner: true })).rule).toBe(higher);
  }
});

test('one token directory is closed to all programs but cat (SMK-05)', () => {
  const plan = planned([
    aRule('Block', '/run/secrets/sa/…'),
    aRule('Allow', '/…'),
    aRule('Allow', '/run/secrets/sa/…', { source: '/bin/cat' }),
    aRule('Allow', '/…', { class: 'exec' }),
  ]);
  expect(verdict(plan, '/run/secrets/sa/token', { source: '/usr/bin/head' })).toBe('block');
  expect(verdict(plan, '/run/secrets/sa/token', { source: '/bin/cat' })).toBe('allow');
  expect(verdict(plan, '/etc/passwd', { source: '/usr/bin/head' })).toBe('allow');
});

test('an Allow rule anywhere in a class hands what is unmatched to the posture, the other class stays open', () => {
  const rules = [aRule('Allow', '/a', { source: '/bin/x' })];
  expect(verdict(planned(rules, 'block'), '/b')).toBe('block');
  expect(verdict(planned(rules, 'audit'), '/b')).toBe('report');
  expect(verdict(planned(rules, 'block', 'audited'), '/b')).toBe('report');
  expect(verdict(planned(rules, 'block'), '/b', { class: 'exec' })).toBe('none');
  expect(decide(planned(rules, 'block'), anAccess('/b'))).toMatchObject({ verdict: 'block', ruleNumber: 0 });
  expect(verdict(planned([aRule('Block', '/a')], 'block'), '/b')).toBe('none');
});

test('an Audit rule allows nothing that the posture denies, and speaks where the posture only audits', () => {
  const rules = [aRule('Allow', '/a'), aRule('Audit', '/b')];
  expect(verdict(planned(rules, 'block'), '/b')).toBe('block');
  expect(decide(planned(rules, 'audit'), anAccess('/b'))).toMatchObject({ verdict: 'audit', rule: rules[1] });
});

test('a more specific Allow silences an Audit, a less specific one does not', () => {
  expect(verdict(planned([aRule('Audit', '/a/…'), aRule('Allow', '/a/b')]), '/a/b')).toBe('allow');
  expect(verdict(planned([aRule('Audit', '/a/b'), aRule('Allow', '/a/…')]), '/a/b')).toBe('audit');
});

test('an audited workload reports what would be blocked; a disabled one has no rules', () => {
  expect(verdict(planned([aRule('Block', '/a')], 'block', 'audited'), '/a')).toBe('report');
  const disabled = planned([aRule('Block', '/a'), aRule('Allow', '/b')], 'block', 'disabled');
  expect([verdict(disabled, '/a'), verdict(disabled, '/c'), disabled.rules.length]).toEqual([
    'none',
    'none',
    1,
  ]);
});

test('every rule that matches is named by falling precedence, with what it says on its own', () => {
  const [exact, glob, dir, audit] = [
    aRule('Block', '/a/b'),
    aRule('Allow', '/a/*'),
    aRule('Block', '/a/'),
    aRule('Audit', '/a/b', { readOnly: true }),
  ];
  const plan = planned([
    dir,
    exact,
    audit,
    glob,
    aRule('Block', '/c'),
    aRule('Block', '/a/b', { source: '/s' }),
  ]);
  expect(decide(plan, anAccess('/a/b'))).toEqual({ verdict: 'block', rule: exact, ruleNumber: 4 });
  expect(matchingRules(plan, anAccess('/a/b')).map(({ rule, says }) => [rule, says])).toEqual([
    [exact, 'block'],
    [audit, 'none'],
    [glob, 'allow'],
    [dir, 'block'],
  ]);
});

test('what the tables do not enforce as asked is listed with its reason', () => {
  const rules = [
    aRule('Block', '/x', { class: 'syscall', pattern: { kind: 'word', word: 'mount' } }),
    aRule('Block', '/x', { class: 'capability', pattern: { kind: 'word', word: 'CAP_NOSUCH' } }),
    aRule('Block', '/a', { pattern: { kind: 'glob', glob: 'mysqld*' } }),
    aRule('Block', '/a', { source: 'cat' }),
  ];
  const plan = planned(rules);
  expect(plan.notEnforced.map(({ reason }) => reason).sort()).toEqual([
    'ClassNotEnforced',
    'PatternNotAbsolute',
    'SourceNeverMatches',
    'UnknownWord',
  ]);
});

const bad = {
  place: { file: 'p.yaml', line: 7, column: 9 },
  policy: { kind: 'KubeArmorPolicy', namespace: 'n', name: 'bad' },
} as const;

test('a malformed pattern is refused with its policy, place and column', () => {
  const result = planWorkload(anInput([aRule('Block', '/ok'), aRule('Block', '/a/[b*', bad)]));
  expect(result).toMatchObject({
    ok: false,
    error: {
      code: 'KA_MATCH_UNCLOSED_BRACKET',
      object: 'KubeArmorPolicy n/bad',
      place: 'p.yaml:7:9',
      cause: { column: 4 },
    },
  });
});

test('policies that cannot be planned are left out as a whole and named, the others stay enforced', () => {
  const explode = { policy: { kind: 'KubeArmorClusterPolicy', namespace: '', name: 'explode' } } as const;
  const { plan, refused } = planAccepted(
    anInput([
      aRule('Block', '/ok'),
      aRule('Block', '/also-bad', bad),
      aRule('Block', '/a/{b', bad),
      aRule('Block', `/**a${'?'.repeat(40)}`, explode),
      aRule('Block', '/never', explode),
    ]),
  );
  expect(refused.map(({ policy, error }) => [policy.name, error.code])).toEqual([
    ['bad', 'KA_MATCH_UNCLOSED_BRACE'],
    ['explode', 'KA_PLAN_GLOBS_EXPLODE'],
  ]);
  expect([verdict(plan, '/ok'), verdict(plan, '/also-bad'), verdict(plan, '/never')]).toEqual([
    'block',
    'none',
    'none',
  ]);
});

test.each([
  ['KA_PLAN_TOO_MANY_RULES', { rules: 3 }],
  ['KA_PLAN_TOO_MANY_SOURCES', { sources: 1 }],
  ['KA_PLAN_TOO_MANY_STATES', { states: 5 }],
  ['KA_PLAN_TOO_LARGE', { blobBytes: 512 }],
] as const)('%s names the policy with most rules', (code, limits) => {
  const big = { policy: { kind: 'KubeArmorPolicy', namespace: 'n', name: 'big' } } as const;
  const rules = [
    aRule('Block', '/a', { source: '/s' }),
    ...['/b', '/c', '/d'].map((path) => aRule('Block', path, { ...big, source: `/s${path}` })),
  ];
  const result = planWorkload(anInput(rules), { ...PLAN_LIMITS, ...limits });
  expect(result).toMatchObject({
    ok: false,
    error: { code, object: 'KubeArmorPolicy n/big', rules: expect.arrayContaining([rules[1]]) },
  });
});

test.each<
  [what: string, rules: readonly Rule[], posture: Posture, from: string, to: string, allowed: boolean]
>([
  ['away from a blocked file', [aRule('Block', '/a/b/c')], 'audit', '/a/b', '/x', false],
  ['within a blocked tree', [aRule('Block', '/a/…')], 'audit', '/a/b', '/a/x', true],
  ['where nothing is blocked', [aRule('Block', '/a/b/c')], 'audit', '/q', '/r', true],
  ['the directory above a blocked one', [aRule('Block', '/a/b/c/…')], 'audit', '/a', '/x', false],
  [
    'of a directory whose files a glob blocks anywhere',
    [aRule('Block', '/**/*.key')],
    'audit',
    '/a',
    '/b',
    true,
  ],
  [
    'of a directory whose files a glob blocks there',
    [aRule('Block', '/a/*.key')],
    'audit',
    '/a',
    '/b',
    false,
  ],
  [
    'of a directory with a blocked program',
    [aRule('Block', '/a/b', { class: 'exec' })],
    'audit',
    '/a',
    '/c',
    false,
  ],
  [
    'into an allowed tree under a posture that blocks',
    [aRule('Allow', '/ok/…'), aRule('Allow', '/a/')],
    'block',
    '/a/b',
    '/ok/b',
    false,
  ],
  ['within an allowed tree', [aRule('Allow', '/ok/…')], 'block', '/ok/a', '/ok/b', true],
  [
    'between two allowed trees',
    [aRule('Allow', '/ok/…'), aRule('Allow', '/fine/…')],
    'block',
    '/ok/a',
    '/fine/b',
    true,
  ],
])('renaming a directory %s', (_what, rules, posture, from, to, allowed) => {
  expect(renameAllowed(planned(rules, posture), Buffer.from(from), Buffer.from(to))).toBe(allowed);
});

test('the same rules give the same bytes, other rules other hashes', () => {
  const rules = [aRule('Block', '/a'), aRule('Allow', '/b/…'), aRule('Audit', '/**/c')];
  const one = planned(rules);
  expect(Buffer.compare(one.blob, planned([...rules].reverse()).blob)).toBe(0);
  expect(planned([...rules, aRule('Block', '/d')]).contentHash).not.toBe(one.contentHash);
  expect(planned([...rules, rules[0]!]).contentHash).toBe(one.contentHash);
});
