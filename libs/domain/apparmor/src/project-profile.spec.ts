import { spawnSync } from 'node:child_process';
import type { Action, Pattern, Posture, Rule } from '@kubearmor-ts/policy';
import {
  contentProfileName,
  HOST_ATTACHMENT,
  isOurProfile,
  policyOfLine,
  profileName,
  profileText,
  projectProfile,
  sourceOfProfile,
  type Profile,
  type ProfileInput,
} from './index.ts';
import { createJudge, EXEC, READ, WRITE, type CompiledRules } from './parser.testing.ts';

const { compileRules, runParser } = createJudge(spawnSync);

const policy = { kind: 'KubeArmorPolicy', namespace: 'shop', name: 'p' } as const;
const aRule = (action: Action, pattern: Pattern, more: Partial<Rule> = {}): Rule => ({
  class: 'file',
  pattern,
  ownerOnly: false,
  readOnly: false,
  onlyTerminal: false,
  action,
  severity: 5,
  tags: [],
  message: '',
  policy,
  ...more,
});
const exact = (path: string): Pattern => ({ kind: 'exact', path });
const below = (dir: string): Pattern => ({ kind: 'directory', dir, recursive: true });
const word = (text: string): Pattern => ({ kind: 'word', word: text });

function project(
  rules: readonly Rule[],
  more: Partial<ProfileInput> = {},
  posture: Posture = 'block',
): Profile {
  const result = projectProfile({
    rules,
    postures: { file: posture, network: posture, capabilities: posture },
    mode: 'enabled',
    isPrivileged: true,
    noNewPrivileges: false,
    ...more,
  });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const textOf = ({ body }: Profile): string => profileText(body, { name: 'p' });
const reasons = ({ conditions }: Profile): readonly string[] => conditions.map(({ reason }) => reason);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const compiled = new WeakMap<Profile, readonly CompiledRules[]>();
function refuses(profile: Profile, path: string, bit: number, at = 0, isOwner = false): boolean {
  const rules = compiled.get(profile) ?? compileRules(textOf(profile));
  compiled.set(profile, rules);
  return (rules[at]!.of(utf8(path), isOwner).allow & bit) === 0;
}

test('without rules everything passes and kernel interfaces are out of reach', () => {
  const profile = project([], { isPrivileged: false });
  expect(profile.conditions).toEqual([]);
  expect(refuses(profile, '/etc/passwd', WRITE)).toBe(false);
  for (const path of [
    '/proc/sysrq-trigger',
    '/proc/sys/kernel/core_pattern',
    '/sys/kernel/uevent_helper',
    '/sys/fs/bpf/x',
    '/proc/irq/1/smp_affinity',
  ])
    expect({ path, refused: refuses(profile, path, WRITE) }).toEqual({ path, refused: true });
  for (const path of ['/proc/1/oom_score_adj', '/proc/sys/kernel/shmmax', '/sys/fs/cgroup/x'])
    expect({ path, refused: refuses(profile, path, WRITE) }).toEqual({ path, refused: false });
});

test('a source program keeps the hardening and the raw lines of its workload', () => {
  const raw = [{ policy, text: 'deny /raw/** w,' }];
  const profile = project([aRule('Block', exact('/x'), { source: '/bin/cat' })], {
    isPrivileged: false,
    raw,
  });
  for (const at of [0, 1]) {
    for (const path of ['/proc/sysrq-trigger', '/proc/sys/vm/x', '/raw/y'])
      expect({ at, path, refused: refuses(profile, path, WRITE, at) }).toEqual({ at, path, refused: true });
  }
});

test('an exception for one program is taken out of the deny in its own profile only', () => {
  const rules = [
    aRule('Block', below('/secrets/')),
    aRule('Allow', below('/')),
    aRule('Allow', below('/secrets/'), { source: '/bin/cat' }),
    aRule('Allow', below('/'), { class: 'exec' }),
  ];
  const profile = project(rules);
  expect(reasons(profile)).toEqual(['SourceEnteredByExec']);
  expect(refuses(profile, '/secrets/token', READ, 0)).toBe(true);
  expect(refuses(profile, '/secrets/token', READ, 1)).toBe(false);
  expect(refuses(profile, '/etc/passwd', READ, 0)).toBe(false);
  expect(textOf(profile)).toContain('"/bin/cat" px -> "p//bincat",');
});

test('an allowed path inside a blocked directory is carved out exactly', () => {
  const profile = project([aRule('Block', below('/etc/')), aRule('Allow', exact('/etc/hosts'))], {}, 'audit');
  expect(reasons(profile)).toEqual(['PostureUnreported']);
  for (const path of ['/etc', '/etc/', '/etc/host', '/etc/hostsx', '/etc/hosts/x', '/etc/a/b'])
    expect({ path, refused: refuses(profile, path, READ) }).toEqual({ path, refused: true });
  for (const path of ['/etc/hosts', '/etcx', '/'])
    expect({ path, refused: refuses(profile, path, READ) }).toEqual({ path, refused: false });
});

test('a directory is a child of the one above it, whose rule may be the exception', () => {
  const rules = [
    aRule('Allow', { kind: 'directory', dir: '/a/', recursive: false }, { ownerOnly: true }),
    aRule('Allow', { kind: 'directory', dir: '/', recursive: false }, { source: '/bin/cat' }),
  ];
  const profile = project(rules, {}, 'audit');
  expect(refuses(profile, '/a/', READ, 1)).toBe(false);
  expect(refuses(profile, '/a/b', READ, 1)).toBe(true);
});

test('stars after a brace may stand for nothing, also behind a slash', () => {
  const profile = project([aRule('Block', { kind: 'glob', glob: '{/,/a}**' })]);
  for (const path of ['/', '/a', '/b/c']) expect(refuses(profile, path, READ)).toBe(true);
});

test('an exception that cannot be carved out stays refused and is named', () => {
  const allow = aRule('Allow', { kind: 'glob', glob: '/etc/*.conf' });
  const profile = project([aRule('Block', below('/etc/')), allow], {}, 'audit');
  expect(refuses(profile, '/etc/a.conf', READ)).toBe(true);
  expect(profile.conditions).toContainEqual(
    expect.objectContaining({ reason: 'DenyWins', effect: 'Stricter', rule: allow, policy }),
  );
});

test('owner and others are told apart on directories of programs too', () => {
  const profile = project([aRule('Allow', below('/home/'), { class: 'exec', ownerOnly: true })]);
  expect(refuses(profile, '/home/a/x', EXEC, 0, true)).toBe(false);
  expect(refuses(profile, '/home/a/x', EXEC, 0, false)).toBe(true);
});

test('programs with wildcard characters in their names can be allowed', () => {
  const profile = project(
    ['/usr/bin/[', '/usr/bin/g++', '/a"b @{x}\n'].map((path) =>
      aRule('Allow', exact(path), { class: 'exec' }),
    ),
  );
  for (const path of ['/usr/bin/[', '/usr/bin/g++', '/a"b @{x}\n'])
    expect(refuses(profile, path, EXEC)).toBe(false);
  expect(refuses(profile, '/usr/bin/g', EXEC)).toBe(true);
});

test('capabilities are decided one by one, by source and posture', () => {
  const capability = (action: Action, name: string, more: Partial<Rule> = {}): Rule =>
    aRule(action, word(name), { class: 'capability', ...more });
  const blocked = textOf(
    project([capability('Block', 'CAP_NET_RAW', { source: '/bin/ping' }), capability('Audit', 'CAP_KILL')]),
  );
  expect(blocked.split('profile "binping"')[0]).not.toContain('deny capability');
  expect(blocked.split('profile "binping"')[1]).toContain('audit deny capability net_raw,');
  expect(blocked).toContain('audit capability kill,');
  const whitelist = textOf(project([capability('Allow', 'CAP_CHOWN')]));
  expect(whitelist).not.toContain('  capability,');
  expect(whitelist.match(/^ *capability \w+,$/gm)).toEqual(['  capability chown,']);
});

test('protocols become families and types, and say what they cannot tell apart', () => {
  const network = (action: Action, name: string): Rule => aRule(action, word(name), { class: 'network' });
  const tcp = project([network('Block', 'TCP')]);
  expect(textOf(tcp).match(/audit deny network .*/g)).toEqual([
    'audit deny network inet stream,',
    'audit deny network inet6 stream,',
  ]);
  expect(reasons(tcp)).toEqual(['ProtocolByType']);
  const all = project([network('Block', 'ALL')]);
  expect(all.conditions).toEqual([]);
  expect(textOf(all)).not.toContain('network unix');
  const allowed = textOf(project([network('Allow', 'STREAM'), network('Block', 'TCP')]));
  expect(allowed).toContain('network unix stream,');
  expect(runParser(textOf(all)).status).toBe(0);
  expect(reasons(project([network('Block', 'DCCP')]))).toEqual(['UnknownWord']);
});

test.each<[what: string, rule: Rule, more: Partial<ProfileInput>, reason: string, effect: string]>([
  ['DNS rules', aRule('Block', word('evil.org'), { class: 'dns' }), {}, 'ClassNotExpressible', 'NotEnforced'],
  [
    'system calls',
    aRule('Audit', word('unlink'), { class: 'syscall' }),
    {},
    'ClassNotExpressible',
    'NotEnforced',
  ],
  ['devices', aRule('Block', word('HID'), { class: 'device' }), {}, 'ClassNotExpressible', 'NotEnforced'],
  [
    'arguments',
    aRule('Block', exact('/a'), { class: 'exec', allowedArgs: ['-m'] }),
    {},
    'ArgumentsUnknown',
    'Stricter',
  ],
  ['terminals', aRule('Block', exact('/a'), { onlyTerminal: true }), {}, 'TerminalUnknown', 'Stricter'],
  ['creators', aRule('Block', below('/home/'), { ownerOnly: true }), {}, 'CreatorIsOwner', 'Weaker'],
  [
    'relative patterns',
    aRule('Block', { kind: 'glob', glob: 'mysqld' }),
    {},
    'PatternNeverMatches',
    'NotEnforced',
  ],
  ['broken patterns', aRule('Block', { kind: 'glob', glob: '/a[' }), {}, 'PatternMalformed', 'NotEnforced'],
  [
    'impossible sources',
    aRule('Block', exact('/a'), { source: 'cat' }),
    {},
    'SourceNeverMatches',
    'NotEnforced',
  ],
  [
    'sources without new privileges',
    aRule('Block', exact('/a'), { source: '/bin/cat' }),
    { noNewPrivileges: true },
    'SourceNeedsPrivileges',
    'NotEnforced',
  ],
])('%s are said to be beyond AppArmor', (_, one, more, reason, effect) => {
  const { conditions } = project([one], more);
  expect(conditions).toContainEqual(expect.objectContaining({ reason, effect, policy, rule: one }));
});

test('presets are said to be beyond AppArmor', () => {
  const preset = { name: 'exec', action: 'Block', severity: 1, tags: [], message: '' } as const;
  expect(project([], { presets: [{ policy, preset }] }).conditions).toMatchObject([
    { policy, reason: 'PresetNotExpressible', effect: 'NotEnforced' },
  ]);
});

test('an audited workload is refused nothing and reports what would be', () => {
  const profile = project([aRule('Block', exact('/a')), aRule('Allow', exact('/b'))], { mode: 'audited' });
  const [main] = compileRules(textOf(profile));
  for (const isOwner of [true, false]) {
    expect(main!.of(utf8('/a'), isOwner).allow & READ).toBe(READ);
    expect(main!.of(utf8('/a'), isOwner).audit & READ).toBe(READ);
    expect(main!.of(utf8('/c'), isOwner).allow & READ).toBe(READ);
  }
});

test('raw text is used as it stands and a broken line of it names its policy', () => {
  const profile = project([], { raw: [{ policy, text: '# mine\n deny /etc/** rw,\n\nnonsense here,\n' }] });
  const text = textOf(profile);
  expect(text).toContain('  deny /etc/** rw,\n');
  const line = /at line (\d+)/.exec(runParser(text).stderr)?.[1];
  expect(policyOfLine(profile.body, text, Number(line))).toEqual(policy);
  expect(policyOfLine(profile.body, text, 1)).toBeUndefined();
});

test.each([
  '}\nprofile evil {',
  'deny /a r, }',
  '#include <abstractions/base>',
  'include "/etc/shadow"',
  'deny /a r',
  'deny "/a r,',
  '/bin/sh ux,',
  '/bin/sh Pux,',
  '/bin/sh cx -> other,',
  'change_profile,',
  '^hat { }',
  '@{x}=/a',
  'deny /a r, # }',
  'deny /{a r,',
  'deny /a\u0001 r,',
])('raw text that could leave its profile is refused as a whole: %s', (text) => {
  const profile = project([], { raw: [{ policy, text: `deny /fine w,\n${text}` }] });
  expect(reasons(profile)).toEqual(['RawTextRefused']);
  expect(textOf(profile)).not.toContain('/fine');
});

test('workloads find their profiles under the names that pod specs already have', () => {
  expect(profileName({ kind: 'pod', namespace: 'shop', owner: 'web', container: 'nginx' })).toBe(
    'kubearmor-shop-web-nginx',
  );
  expect(profileName({ kind: 'container', container: 'word"press' })).toBe('kubearmor_word_press');
  expect(profileName({ kind: 'host' })).toBe('kubearmor.host');
  const { hash, body } = project([]);
  expect(contentProfileName(hash)).toMatch(/^kubearmor-ts-[0-9a-f]{16}$/);
  expect(isOurProfile(contentProfileName(hash))).toBe(true);
  expect(isOurProfile('docker-default')).toBe(false);
  const host = profileText(body, { name: 'kubearmor.host', attachment: HOST_ATTACHMENT, abi: '<abi/3.0>' });
  expect(host).toMatch(/^abi <abi\/3\.0>,\nprofile "kubearmor\.host" \/\{usr\/,\}bin\/\*sh flags=/);
  expect(runParser(host)).toMatchObject({ status: 0 });
});

test('profiles of programs whose short names are the same are told apart', () => {
  const { body } = project(['/bin/a-b', '/bin/ab'].map((source) => aRule('Block', exact('/x'), { source })));
  expect(body.children.map(({ name }) => name)).toEqual(['binab', 'binab_2']);
  expect(sourceOfProfile(body, 'p//binab_2')).toBe('/bin/ab');
  expect(sourceOfProfile(body, 'p')).toBeUndefined();
  expect(sourceOfProfile(body, 'p//unknown')).toBeUndefined();
});

test('too many rules, sources or lines are an error and no profile', () => {
  const rules = [1, 2, 3].map((n) => aRule('Block', exact(`/${n}`), { source: `/bin/${n}` }));
  const input = {
    rules,
    postures: { file: 'audit', network: 'audit', capabilities: 'audit' },
    mode: 'enabled',
    isPrivileged: false,
    noNewPrivileges: false,
  } as const;
  const limits = { rules: 10, sources: 10, textBytes: 1_000_000 };
  expect(projectProfile(input, { ...limits, rules: 2 })).toMatchObject({
    error: { code: 'KA_APPARMOR_TOO_MANY_RULES' },
  });
  expect(projectProfile(input, { ...limits, sources: 2 })).toMatchObject({
    error: { code: 'KA_APPARMOR_TOO_MANY_SOURCES' },
  });
  expect(projectProfile(input, { ...limits, textBytes: 100 })).toMatchObject({
    error: { code: 'KA_APPARMOR_TOO_LARGE' },
  });
});
