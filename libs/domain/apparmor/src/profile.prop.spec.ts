import { spawnSync } from 'node:child_process';
import { decide, matchingRules, planWorkload, type Access, type PlanInput } from '@kubearmor-ts/plan';
import type { Pattern, Rule } from '@kubearmor-ts/policy';
import fc from 'fast-check';
import { profileText, projectProfile, type Profile, type ProfileInput } from './index.ts';
import { createJudge, EXEC, READ, WRITE, type CompiledRules } from './parser.testing.ts';

const { compileRules, runParser } = createJudge(spawnSync);

const component = fc.constantFrom('a', 'b', 'ab', 'aab', 'é', 'x-1', '[', 'q"@{', ' ', ',', '\\', '*');
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const globPart = fc.constantFrom(
  ...[
    'a',
    'b',
    'ab',
    '*',
    '**',
    '?',
    'a*',
    '*b',
    '[ab]',
    '[^a]',
    '[a-c,\\]\\\\-]',
    '[^-,^]',
    '{a,b}',
    '{a,b/ab}',
  ],
  ...['a**b', '\\*', 'é', '{,a}b', '@{a,b}', '"', '[@#]', '\\040', '\n', '{*,a}', '**a'],
);
const glob = fc
  .tuple(
    fc.constantFrom('/', '/', '/', '', '**/', '{/,/a}'),
    fc.array(globPart, { minLength: 1, maxLength: 4 }),
  )
  .map(([begin, parts]) => `${begin}${parts.join('/')}`);
const pattern: fc.Arbitrary<Pattern> = fc.oneof(
  { weight: 3, arbitrary: path.map((text) => ({ kind: 'exact' as const, path: text })) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('directory' as const),
      dir: fc.oneof(
        { weight: 3, arbitrary: path.map((text) => `${text}/`) },
        { weight: 1, arbitrary: fc.constant('/') },
      ),
      recursive: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: glob.map((text) => ({ kind: 'glob' as const, glob: text })) },
  { weight: 1, arbitrary: component.map((name) => ({ kind: 'execname' as const, name })) },
);
const source = fc.constantFrom('/a', '/a/b', '/[');
const policy = { kind: 'KubeArmorPolicy', namespace: 'default', name: 'p' } as const;
const flag = fc.oneof(
  { weight: 3, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);
const rule: fc.Arbitrary<Rule> = fc
  .record({
    class: fc.constantFrom('exec' as const, 'file' as const),
    pattern,
    from: fc.option(source, { nil: undefined, freq: 2 }),
    ownerOnly: flag,
    readOnly: flag,
    action: fc.constantFrom('Allow' as const, 'Audit' as const, 'Block' as const),
  })
  .map(({ from, ...rest }) => ({
    ...rest,
    onlyTerminal: false,
    severity: 1,
    tags: [],
    message: '',
    policy,
    ...(from === undefined ? {} : { source: from }),
  }));
const input: fc.Arbitrary<PlanInput> = fc.record({
  rules: fc.array(rule, { maxLength: 10 }),
  postures: fc.record({
    file: fc.constantFrom('audit' as const, 'block' as const),
    network: fc.constant('audit' as const),
    capabilities: fc.constant('audit' as const),
  }),
  mode: fc.constantFrom(
    'enabled' as const,
    'enabled' as const,
    'enabled' as const,
    'audited' as const,
    'disabled' as const,
  ),
});

// Gives every profile a rule for files, which the parser's dump is read by.
const raw = [{ policy, text: 'owner /sentinel-of-the-test r,' }];
const privileged = { isPrivileged: true, noNewPrivileges: false, raw };

function projected(one: PlanInput, more: Omit<ProfileInput, keyof PlanInput> = privileged): Profile {
  const result = projectProfile({ ...one, ...more });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Paths of the rules themselves and near them: random ones alone would rarely meet a rule. */
function pathsNear(rules: readonly Rule[]): readonly string[] {
  const near = new Set<string>(['/', '/a', '/zz']);
  for (const { pattern: one } of rules) {
    const text =
      one.kind === 'exact'
        ? one.path
        : one.kind === 'directory'
          ? one.dir.slice(0, -1)
          : one.kind === 'glob'
            ? one.glob.replaceAll(/[*?[\]{}\\,^"]/g, '')
            : `/${one.kind === 'execname' ? one.name : one.kind === 'word' ? one.word : 'peer'}`;
    if (!text.startsWith('/') || /\/(?:\/|$)/.test(text)) continue;
    for (const tail of ['', 'x', '/a', '/b', '/a/b', '/é']) near.add(text + tail);
    near.add(text.slice(0, -1) || '/');
  }
  return [...near].filter((text) => text === '/' || !/\/(?:\/|$)/.test(text));
}

function accesses(rules: readonly Rule[], paths: readonly string[]): readonly Access[] {
  const found: Access[] = [];
  for (const text of [...pathsNear(rules), ...paths]) {
    for (const owner of [true, false]) {
      for (const from of [undefined, '/a', '/a/b', '/[']) {
        const shared = {
          path: bytes(text),
          owner,
          tty: false,
          ...(from === undefined ? {} : { source: bytes(from) }),
        };
        found.push({ class: 'exec', write: false, ...shared });
        for (const write of [true, false]) found.push({ class: 'file', write, ...shared });
      }
    }
  }
  return found;
}

test('a profile refuses exactly what the plan blocks, and more only where a condition says so', () => {
  fc.assert(
    fc.property(input, fc.array(path, { maxLength: 10 }), (one, paths) => {
      const plan = planWorkload(one);
      if (!plan.ok) return;
      const { body, conditions } = projected(one);
      const text = profileText(body, { name: 'p' });
      const compiled = compileRules(text);
      expect(compiled).toHaveLength(1 + body.children.length);
      // The parser takes profiles within a profile in the order of their names.
      const children = [...body.children].sort((a, b) => (a.name < b.name ? -1 : 1));
      const profileOf = (from: Uint8Array | undefined): CompiledRules => {
        const name = from === undefined ? '' : new TextDecoder().decode(from);
        return compiled[1 + children.findIndex((child) => child.source === name)]!;
      };
      for (const access of accesses(one.rules, paths)) {
        const { verdict, rule: decider } = decide(plan.value, access);
        const bit = access.class === 'exec' ? EXEC : access.write ? WRITE : READ;
        const names =
          access.class === 'exec' || access.path.length === 1
            ? [access.path]
            : [access.path, Uint8Array.of(...access.path, 0x2f)];
        for (const name of names) {
          const { allow, audit } = profileOf(access.source).of(name, access.owner);
          const excuses = conditions.filter(({ reason, rule: excused }) => {
            if (excused === undefined || (reason !== 'DenyWins' && reason !== 'AuditIncomplete'))
              return false;
            return matchingRules(plan.value, access).some(({ rule: matching }) => matching === excused);
          });
          const seen = {
            refused: (allow & bit) === 0,
            at: new TextDecoder().decode(name),
            access,
            decider,
            text,
          };
          if (
            seen.refused !== (verdict === 'block') &&
            !(seen.refused && excuses.some(({ reason }) => reason === 'DenyWins'))
          )
            expect(seen).toEqual({ ...seen, refused: verdict === 'block' });
          const isReported = verdict === 'audit' || (verdict === 'report' && decider !== undefined);
          if (isReported && (audit & bit) === 0 && excuses.length === 0)
            expect({ ...seen, unreported: true }).toEqual(seen);
        }
      }
    }),
    { numRuns: 30 },
  );
}, 300_000);

const wild = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);
const wildRule = fc.tuple(rule, wild, fc.option(wild, { nil: undefined })).map(([one, text, from]): Rule => {
  const kinds: Pattern[] = [
    { kind: 'exact', path: `/${text}` },
    { kind: 'directory', dir: `/${text}/`, recursive: one.ownerOnly },
    { kind: 'glob', glob: `/${text}` },
    { kind: 'execname', name: text },
  ];
  return { ...one, pattern: kinds[text.length % 4]!, ...(from === undefined ? {} : { source: `/${from}` }) };
});

test('whatever names and patterns rules hold, the parser takes the profile', () => {
  fc.assert(
    fc.property(input, fc.array(wildRule, { maxLength: 8 }), fc.boolean(), (one, more, isPrivileged) => {
      const { body } = projected(
        { ...one, rules: [...one.rules, ...more] },
        { isPrivileged, noNewPrivileges: false },
      );
      const text = profileText(body, { name: 'kubearmor-default-web-nginx' });
      const run = runParser(text);
      expect({ status: run.status, text, stderr: run.stderr }).toEqual({ status: 0, text, stderr: '' });
    }),
    { numRuns: 30 },
  );
}, 300_000);

test('the order of the rules never shows in the text', () => {
  fc.assert(
    fc.property(
      input.chain((one) =>
        fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.rules], { minLength: one.rules.length })),
      ),
      ([one, shuffled]) => {
        const first = projected(one);
        const second = projected({ ...one, rules: shuffled });
        expect(profileText(second.body, { name: 'p' })).toBe(profileText(first.body, { name: 'p' }));
        expect(second.hash).toBe(first.hash);
      },
    ),
    { numRuns: 100 },
  );
});
