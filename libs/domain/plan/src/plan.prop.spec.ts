import type { Pattern, Rule } from '@kubearmor-ts/policy';
import fc from 'fast-check';
import { capabilityName, decide, matchingRules, planWorkload, type Access, type PlanInput } from './index.ts';
import { naiveDecide } from './naive-decide.testing.ts';

const component = fc.constantFrom('a', 'b', 'ab', 'aab', 'é', 'x-1');
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const globPart = fc.constantFrom(
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
  '{a,b}',
  '{a,b/ab}',
  'a**b',
  '\\*',
  'é',
  '{,a}b',
);
const glob = fc.array(globPart, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const pattern: fc.Arbitrary<Pattern> = fc.oneof(
  path.map((text) => ({ kind: 'exact' as const, path: text })),
  fc.record({
    kind: fc.constant('directory' as const),
    dir: fc.oneof(
      path.map((text) => `${text}/`),
      fc.constant('/'),
    ),
    recursive: fc.boolean(),
  }),
  glob.map((text) => ({ kind: 'glob' as const, glob: text })),
  component.map((name) => ({ kind: 'execname' as const, name })),
);
const source = fc.constantFrom('/bin/a', '/bin/ab', '/a');
const argument = fc.constantFrom('', '-m', '-mm', 'random', '/', '/a/', 'é', '*');
const capability = fc.constantFrom('CAP_CHOWN', 'CAP_NET_RAW', 'CAP_CHECKPOINT_RESTORE');
const subject: fc.Arbitrary<Pick<Rule, 'class' | 'pattern'>> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ class: fc.constantFrom('exec' as const, 'file' as const), pattern }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(capability, fc.constant('CAP_NOSUCH')).map((word) => ({
      class: 'capability' as const,
      pattern: { kind: 'word' as const, word },
    })),
  },
);
const rule: fc.Arbitrary<Rule> = fc
  .record({
    subject,
    source: fc.option(source, { nil: undefined, freq: 2 }),
    ownerOnly: fc.boolean(),
    readOnly: fc.boolean(),
    onlyTerminal: fc.boolean(),
    action: fc.constantFrom('Allow' as const, 'Audit' as const, 'Block' as const),
    severity: fc.constant(1),
    name: fc.constantFrom('p', 'q'),
    allowedArgs: fc.option(fc.array(argument, { maxLength: 4 }), { nil: undefined, freq: 2 }),
  })
  .map(({ subject: about, name, source: from, allowedArgs, ...rest }) => ({
    ...about,
    ...rest,
    ...(allowedArgs === undefined ? {} : { allowedArgs }),
    ...(from === undefined ? {} : { source: from }),
    tags: [],
    message: '',
    policy: { kind: 'KubeArmorPolicy', namespace: 'n', name },
  }));
const input: fc.Arbitrary<PlanInput> = fc.record({
  rules: fc.array(rule, { maxLength: 12 }),
  postures: fc.record({
    file: fc.constantFrom('audit' as const, 'block' as const),
    network: fc.constant('audit' as const),
    capabilities: fc.constantFrom('audit' as const, 'block' as const),
  }),
  mode: fc.constantFrom('enabled' as const, 'enabled' as const, 'audited' as const, 'disabled' as const),
});
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const accessPath = fc.oneof(
  { weight: 6, arbitrary: path.map(bytes) },
  { weight: 1, arbitrary: fc.constant(bytes('/')) },
  {
    weight: 2,
    arbitrary: fc.uint8Array({ min: 1, max: 255, maxLength: 12 }).map((tail) => Uint8Array.of(0x2f, ...tail)),
  },
);
const access: fc.Arbitrary<Access> = fc
  .record({
    object: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ class: fc.constantFrom('exec' as const, 'file' as const), path: accessPath }),
      },
      {
        weight: 1,
        arbitrary: fc.oneof(capability, fc.constant('CAP_KILL')).map((word) => ({
          class: 'capability' as const,
          path: capabilityName(word)!,
        })),
      },
    ),
    owner: fc.boolean(),
    write: fc.boolean(),
    tty: fc.boolean(),
    source: fc.option(source.map(bytes), { nil: undefined }),
    args: fc.option(fc.array(argument.map(bytes), { maxLength: 4 }), { nil: undefined }),
  })
  .map(({ object, source: from, args, ...rest }) => ({
    ...object,
    ...rest,
    ...(from === undefined ? {} : { source: from }),
    ...(args === undefined ? {} : { args }),
  }));

function planned(one: PlanInput) {
  const result = planWorkload(one);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

test('the tables say what the rules say, rule by rule', () => {
  fc.assert(
    fc.property(input, fc.array(access, { minLength: 12, maxLength: 12 }), (one, accesses) => {
      const plan = planned(one);
      for (const each of accesses) {
        const { verdict, rule: decided } = decide(plan, each);
        const expected = naiveDecide({ ...one, rules: plan.rules.slice(1) as Rule[] }, plan.rules, each);
        expect({ verdict, decided }).toEqual({ verdict: expected.verdict, decided: expected.rule });
        if (decided !== undefined)
          expect(matchingRules(plan, each).map(({ rule: one }) => one)).toContain(decided);
      }
    }),
    { numRuns: 500 },
  );
});

test('the order of the rules never shows in the tables', () => {
  fc.assert(
    fc.property(
      input.chain((one) =>
        fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.rules], { minLength: one.rules.length })),
      ),
      ([one, shuffled]) => {
        const plan = planned(one);
        const other = planned({ ...one, rules: shuffled });
        expect(Buffer.compare(plan.blob, other.blob)).toBe(0);
        expect(other.contentHash).toBe(plan.contentHash);
        expect(other.rules).toEqual(plan.rules);
      },
    ),
    { numRuns: 150 },
  );
});
