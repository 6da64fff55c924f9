import { parseAddress, parseRange, type Pattern, type Rule } from '@kubearmor-ts/policy';
import fc from 'fast-check';
import {
  capabilityName,
  decide,
  endpointName,
  matchingRules,
  planWorkload,
  socketName,
  type Access,
  type Endpoint,
  type PlanInput,
  type Socket,
} from './index.ts';
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
const addressRange = fc.constantFrom(
  '0.0.0.0/0',
  '10.0.0.0/7',
  '10.0.0.0/8',
  '10.1.0.0/18',
  '10.1.2.3',
  '::/0',
  'fd00::/9',
  'fd00::1',
);
const address = fc.constantFrom(
  '10.1.2.3',
  '10.1.63.255',
  '10.1.64.0',
  '11.0.0.0',
  '9.9.9.9',
  'fd00::1',
  'fe00::',
);
const ports = fc.constantFrom(
  [],
  [{ from: 443, to: 443 }],
  [
    { from: 80, to: 4095 },
    { from: 0x9fff, to: 65535 },
  ],
  [{ from: 0, to: 65535 }],
);
const direction = fc.constantFrom('ingress' as const, 'egress' as const);
const spoken = fc.constantFrom('TCP' as const, 'UDP' as const);
const socketRule: fc.Arbitrary<Rule['pattern']> = fc.oneof(
  fc
    .constantFrom('TCP', 'UDP', 'ICMP', 'STREAM', 'DGRAM', 'RAW', 'ALL', 'NOSUCH')
    .map((word) => ({ kind: 'word' as const, word })),
  fc
    .record({
      ports,
      direction: fc.option(direction, { nil: undefined }),
      protocol: fc.option(spoken, { nil: undefined }),
      range: fc.option(
        addressRange.map((text) => parseRange(text)!),
        { nil: undefined, freq: 4 },
      ),
    })
    .map(({ ports: listed, ...more }) => ({
      kind: 'endpoint' as const,
      ports: listed,
      ...withoutUndefined(more),
    })),
);
const socket: fc.Arbitrary<Socket> = fc.constantFrom(
  { family: 'INET', type: 'STREAM', protocol: 'TCP' },
  { family: 'INET6', type: 'STREAM', protocol: 'TCP' },
  { family: 'INET', type: 'DGRAM', protocol: 'UDP' },
  { family: 'INET', type: 'RAW', protocol: 'ICMP' },
  { family: 'UNIX', type: 'STREAM', protocol: 'TCP' },
  { family: 'NETLINK', type: 'RAW' },
  { family: 'OTHER', type: 'OTHER' },
);
const endpoint = fc
  .record({
    direction,
    port: fc.constantFrom(0, 79, 80, 443, 4095, 4096, 0x9ffe, 0x9fff, 65535),
    address: fc.option(
      address.map((text) => parseAddress(text)!),
      { nil: undefined },
    ),
  })
  .map(withoutUndefined);
const aSocketName = fc.oneof(
  socket.map(socketName),
  fc
    .tuple(
      socket.filter(({ family }) => family.startsWith('INET')),
      endpoint,
    )
    .map(([one, peer]) => endpointName(one, peer as Endpoint)),
);
function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
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
  { weight: 3, arbitrary: socketRule.map((one) => ({ class: 'network' as const, pattern: one })) },
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
    network: fc.constantFrom('audit' as const, 'block' as const),
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
      { weight: 3, arbitrary: aSocketName.map((name) => ({ class: 'network' as const, path: name })) },
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
