import {
  capabilityWords,
  parseRange,
  protocolWords,
  type Action,
  type EndpointPattern,
  type Pattern,
} from '@kubearmor-ts/policy';
import type { VectorAccess, VectorRule, VectorSet } from './match-vector.ts';

/* The questions of the vectors. Their answers come from elsewhere (`write-match-vectors.ts`). */

export type Question = Omit<VectorAccess, 'verdict' | 'rule'>;
export type QuestionSet = Omit<VectorSet, 'accesses'> & { readonly accesses: readonly Question[] };
export interface QuestionFile {
  readonly about: string;
  readonly sets: readonly QuestionSet[];
}

const exact = (path: string): Pattern => ({ kind: 'exact', path });
const glob = (text: string): Pattern => ({ kind: 'glob', glob: text });
const name = (text: string): Pattern => ({ kind: 'execname', name: text });
const dir = (text: string): Pattern => ({ kind: 'directory', dir: text, recursive: false });
const tree = (text: string): Pattern => ({ kind: 'directory', dir: text, recursive: true });

const rule = (action: Action, pattern: Pattern, more: Partial<VectorRule> = {}): VectorRule => ({
  class: 'file',
  pattern,
  action,
  ...more,
});
const set = (
  rules: readonly VectorRule[],
  accesses: readonly Question[],
  posture: 'audit' | 'block' = 'audit',
  mode: 'enabled' | 'audited' = 'enabled',
): QuestionSet => ({
  rules,
  posture,
  mode,
  accesses,
});
const opens = (paths: readonly string[], access = '', source?: string): readonly Question[] =>
  paths.map((path) => ({ class: 'file', path, access, ...(source === undefined ? {} : { source }) }));
const runs = (paths: readonly string[], source?: string): readonly Question[] =>
  opens(paths, '', source).map((one) => ({ ...one, class: 'exec' }));

const everyAccess = ['', 'o', 'w', 'ow', 't', 'ot', 'wt', 'owt'];

export const truthTable: QuestionFile = {
  about:
    'Every action with every combination of flags on every kind of access, under both postures and audited',
  sets: (['Block', 'Allow', 'Audit'] as const).flatMap((action) =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((flags) =>
      (
        [
          ['audit', 'enabled'],
          ['block', 'enabled'],
          ['block', 'audited'],
        ] as const
      ).map(([posture, mode]) =>
        set(
          [
            rule(action, exact('/srv/data'), {
              ownerOnly: (flags & 1) > 0,
              readOnly: (flags & 2) > 0,
              onlyTerminal: (flags & 4) > 0,
            }),
          ],
          [...everyAccess.flatMap((access) => opens(['/srv/data'], access)), ...opens(['/srv/other'], 'ow')],
          posture,
          mode,
        ),
      ),
    ),
  ),
};

const precedencePatterns: readonly Pattern[] = [
  exact('/a/b/c'),
  glob('/a/b/?'),
  name('c'),
  dir('/a/b/'),
  tree('/a/b/'),
  dir('/a/'),
  tree('/a/'),
  tree('/'),
];

export const precedence: QuestionFile = {
  about: 'Every two patterns that meet on /a/b/c, each action against each, with and without a source',
  sets: precedencePatterns.flatMap((one, i) =>
    precedencePatterns.slice(i).flatMap((other) =>
      (
        [
          ['Block', 'Allow'],
          ['Allow', 'Block'],
          ['Audit', 'Allow'],
          ['Allow', 'Audit'],
          ['Audit', 'Block'],
        ] as const
      ).map(([first, second]) =>
        set(
          [
            rule(first, one),
            rule(second, other),
            rule('Audit', exact('/a/b/c'), { source: '/usr/bin/auditor' }),
            rule('Allow', tree('/a/b/'), { source: '/usr/bin/friend' }),
          ],
          [
            ...opens(['/a/b/c', '/a/b', '/a/b/c/d', '/x']),
            ...opens(['/a/b/c'], '', '/usr/bin/auditor'),
            ...opens(['/a/b/c', '/x'], '', '/usr/bin/friend'),
          ],
          i % 2 === 0 ? 'audit' : 'block',
        ),
      ),
    ),
  ),
};

const deep = (components: number, component = 'd'): string => `/${component}`.repeat(components);

export const directories: QuestionFile = {
  about: 'Directories: themselves, children, deep trees, neighbours that share a beginning, the root',
  sets: [
    set(
      [rule('Block', dir('/var/log/'))],
      opens(['/', '/var', '/var/log', '/var/log/x', '/var/log/x/y', '/var/logs', '/var/lo', '/var/log2/x']),
    ),
    set(
      [rule('Block', tree('/var/log/'))],
      opens(['/', '/var', '/var/log', '/var/log/x', '/var/log/x/y', '/var/logs', '/var/lo', '/var/log2/x']),
    ),
    set([rule('Block', dir('/'))], opens(['/', '/a', '/a/b', '/a/b/c'])),
    set([rule('Block', tree('/'))], opens(['/', '/a', '/a/b', '/a/b/c'])),
    set(
      [rule('Allow', dir('/')), rule('Block', tree('/a/'))],
      opens(['/', '/a', '/b', '/a/b', '/b/c']),
      'block',
    ),
    set(
      [
        rule('Block', tree('/a/')),
        rule('Allow', tree('/a/b/')),
        rule('Block', dir('/a/b/c/')),
        rule('Allow', exact('/a/b/c/d')),
        rule('Block', exact('/a/b/c/d/e')),
      ],
      opens([
        '/a',
        '/a/x',
        '/a/b',
        '/a/b/x',
        '/a/b/c',
        '/a/b/c/x',
        '/a/b/c/d',
        '/a/b/c/d/e',
        '/a/b/c/d/f',
        '/a/b/c/x/y',
        '/a/bb',
        '/a/b/cc',
      ]),
    ),
    set(
      [rule('Block', tree(`${deep(100)}/`))],
      opens([deep(99), deep(100), deep(101), deep(200), `${deep(100)}x`]),
    ),
    set(
      [rule('Block', dir(`${deep(60)}/`)), rule('Allow', tree(`${deep(59)}/`))],
      opens([deep(58), deep(59), deep(60), deep(61), deep(62), `${deep(59)}/x`]),
      'block',
    ),
    set(
      [rule('Block', tree('/pts/')), rule('Allow', tree('/'), { source: '/runc' })],
      [...opens(['/pts/0', '/pts', '/ptmx']), ...opens(['/pts/0', '/etc/x'], '', '/runc')],
      'block',
    ),
    set(
      [rule('Block', tree('/spaced dir/')), rule('Block', exact('/tab\there'))],
      opens(['/spaced dir/a b', '/spaced', '/tab\there', '/tab']),
    ),
  ],
};

const globPaths = [
  '/',
  '/a',
  '/b',
  '/ab',
  '/aab',
  '/abc',
  '/a/b',
  '/a/b/c',
  '/x/a/b',
  '/a/x/y/b',
  '/etc/shadow',
  '/etc/gshadow',
  '/etc/shadow-',
  '/etc/ssl/shadow',
  '/home/me/.ssh/id',
  '/home/.ssh/id',
  '/home/me/deep/.ssh/id',
  '/var/lib/x.key',
  '/x.key',
  '/tmp/a.b.key',
  '/tmp/[a]',
  '/tmp/*',
  '/tmp/a,b',
  '/tmp/{a}',
  '/é',
  '/é/a',
  '/a b',
];
const nastyGlobs = [
  '/*',
  '/**',
  '/?',
  '/??',
  '/a*',
  '/a**',
  '/a***',
  '/*b',
  '/**b',
  '/*/b',
  '/**/b',
  '/*/*/b',
  '/**/**',
  '/*/**',
  '/**/*',
  '/a/**/b',
  '/a**b',
  '/*a*b*',
  '/**a**b**',
  '/etc/*hado?',
  '/home/*/.ssh/**',
  '/home/**/.ssh/*',
  '/**/*.key',
  '/**.key',
  '/[ab]',
  '/[^a]',
  '/[a-b]*',
  '/[^/]b',
  '/[]a]',
  '/tmp/\\[a\\]',
  '/tmp/\\*',
  '/tmp/a,b',
  '/tmp/\\{a\\}',
  '/tmp/[*]',
  '/{a,b}',
  '/{a,b/{c,d},**/b}',
  '/{,x/}a/b',
  '/{a,}b',
  '/{,,}a',
  '/a{b,/b}',
  '{/a,/b}',
  '/{**,*}',
  '/?/a',
  '/é',
  '/é/*',
  '/??/a',
  '/* *',
  '**',
  '**/b',
  '*',
  'b',
  '/a/',
  '/tmp/*/',
].filter((text) => text !== '/[]a]');

export const globs: QuestionFile = {
  about: 'Globs with AppArmor meaning, one by one and together, against many paths',
  sets: [
    ...nastyGlobs.map((text) => set([rule('Block', glob(text))], opens(globPaths))),
    ...[0, 1, 2, 3, 4, 5].map((start) =>
      set(
        nastyGlobs
          .filter((_, at) => at % 6 === start)
          .map((text, at) =>
            rule((['Block', 'Allow', 'Audit'] as const)[at % 3]!, glob(text), { readOnly: at % 4 === 0 }),
          ),
        [...opens(globPaths), ...opens(globPaths, 'w')],
        start % 2 === 0 ? 'audit' : 'block',
      ),
    ),
    set(
      [
        rule('Block', name('apt'), { class: 'exec' }),
        rule('Block', name('apt-get'), { class: 'exec' }),
        rule('Allow', name('a'), { class: 'exec' }),
      ],
      runs([
        '/apt',
        '/usr/bin/apt',
        '/usr/bin/apt-get',
        '/usr/bin/apt-',
        '/usr/bin/xapt',
        '/usr/bin/apt/x',
        '/a',
        '/a/a',
        '/aa',
      ]),
      'block',
    ),
  ],
};

const hex = (...parts: readonly (string | readonly number[])[]): string =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))),
  ).toString('hex');
const raw = (pathHex: string): Question => ({ class: 'file', pathHex, access: '' });
const long = `/${'n'.repeat(3999)}`;

export const bytes: QuestionFile = {
  about: 'Names that are not UTF-8, every byte, and paths as long as the kernel builds them',
  sets: [
    set(
      [rule('Block', tree('/data/')), rule('Allow', glob('/data/a?b'))],
      [
        raw(hex('/data/', [0xff, 0xfe])),
        raw(hex('/data/a', [0x80], 'b')),
        raw(hex('/data/a', [0xc3, 0xa9], 'b')),
        raw(hex('/dat', [0xe1])),
        raw(hex('/data/a/b')),
        raw(hex([0x2f, 0xff])),
      ],
    ),
    set(
      [rule('Block', glob('/q[^a]')), rule('Allow', glob('/q[0-9]'))],
      Array.from({ length: 255 }, (_, at) => raw(hex('/q', [at + 1]))),
    ),
    set(
      [rule('Block', exact(long)), rule('Audit', glob('/**nn'))],
      [
        raw(hex(long)),
        raw(hex(long, 'n')),
        raw(hex(long.slice(0, -1))),
        raw(hex('/', 'n'.repeat(4094))),
        raw(hex('/nn')),
        raw(hex('/n')),
      ],
    ),
    set(
      [rule('Block', tree('/')), rule('Allow', glob('/**/z')), rule('Block', tree(`${deep(2000)}/`))],
      [deep(1999), `${deep(1999)}/z`, deep(2000), `${deep(2000)}/z`, deep(2047)].map((path) =>
        raw(hex(path)),
      ),
    ),
    set(
      [rule('Block', exact('/ünï/cödé')), rule('Block', exact('/日本語')), rule('Block', exact('/🙂'))],
      opens(['/ünï/cödé', '/unï/cödé', '/日本語', '/日本', '/🙂', '/🙃']),
    ),
  ],
};

export const sources: QuestionFile = {
  about: 'Rules for single programs: exact executables, both classes, globs and directories per source',
  sets: [
    set(
      [
        rule('Block', tree('/run/secrets/sa/')),
        rule('Allow', tree('/')),
        rule('Allow', tree('/run/secrets/sa/'), { source: '/bin/cat' }),
        rule('Block', exact('/bin/ls'), { class: 'exec', source: '/bin/dash' }),
        rule('Block', glob('/bin/?s'), { class: 'exec', source: '/bin/da' }),
        rule('Audit', name('ls'), { class: 'exec' }),
      ],
      ['/bin/cat', '/bin/ca', '/bin/catt', '/bin/dash', '/bin/da', '/usr/bin/head', undefined].flatMap(
        (source) => [
          ...opens(['/run/secrets/sa/token', '/etc/passwd', '/run/secrets/sa'], '', source),
          ...runs(['/bin/ls', '/bin/ps', '/bin/lss'], source),
        ],
      ),
      'block',
    ),
    set(
      [
        rule('Allow', exact('/secret'), { source: '/bin/cat', ownerOnly: true }),
        rule('Block', exact('/secret'), { source: '/bin/cat', readOnly: true }),
        rule('Allow', tree('/lib/')),
      ],
      ['/bin/cat', '/bin/dd'].flatMap((source) =>
        everyAccess.flatMap((access) => opens(['/secret', '/lib/x', '/y'], access, source)),
      ),
      'block',
    ),
  ],
};

/** Rule sets by a fixed sequence of pseudo-random choices, the same on every run. */
function randomSets(count: number): readonly QuestionSet[] {
  let seed = 0x2545f491;
  const next = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const pick = <T>(items: readonly T[]): T => items[next(items.length)]!;
  const parts = ['a', 'b', 'ab', 'aab', 'x-1', 'é'];
  const path = (): string => Array.from({ length: 1 + next(4) }, () => `/${pick(parts)}`).join('');
  const globParts = [...parts, '*', '**', '?', 'a*', '*b', '[ab]', '[^a]', '{a,b}', 'a**b', '{a,b/ab}'];
  const pattern = (): Pattern => {
    const kind = next(5);
    if (kind === 0) return exact(path());
    if (kind === 1) return dir(`${path()}/`);
    if (kind === 2) return tree(`${path()}/`);
    return kind === 3
      ? name(pick(parts))
      : glob(Array.from({ length: 1 + next(3) }, () => `/${pick(globParts)}`).join(''));
  };
  const programs = ['/bin/a', '/bin/ab', '/usr/bin/x'];
  return Array.from({ length: count }, () => {
    const rules = Array.from({ length: 1 + next(15) }, (): VectorRule => {
      const flags = next(16);
      return {
        ...rule(pick(['Allow', 'Audit', 'Block']), pattern(), { class: pick(['exec', 'file']) }),
        ...(flags < 2 ? { ownerOnly: true } : {}),
        ...(flags % 5 === 0 ? { readOnly: true } : {}),
        ...(flags === 7 ? { onlyTerminal: true } : {}),
        ...(next(4) === 0 ? { source: pick(programs) } : {}),
      };
    });
    const accesses = Array.from({ length: 12 }, (): Question => ({
      class: pick(['exec', 'file']),
      path: path(),
      access: pick(everyAccess),
      ...(next(2) === 0 ? { source: pick(programs) } : {}),
    }));
    return set(rules, accesses, pick(['audit', 'block']), next(6) === 0 ? 'audited' : 'enabled');
  });
}

const argumentVectors: readonly (readonly string[])[] = [
  [],
  ['p'],
  ['-m'],
  [''],
  ['p', '-m'],
  ['p', 'random', '-m', 'random'],
  ['p', ''],
  ['p', '/'],
  ['p', '-'],
  ['p', '-mm'],
  ['p', 'x'.repeat(300)],
  ['p', 'x'.repeat(301)],
  ['p', ...Array<string>(40).fill('-m')],
  ['p', ...Array<string>(40).fill('-m'), '-n'],
];
const runsWith = (path: string): readonly Question[] =>
  ['', 'o', 't', 'ot'].flatMap((access) => [
    { class: 'exec', path, access },
    ...argumentVectors.map((args) => ({ class: 'exec' as const, path, access, args })),
  ]);

export const argumentLists: QuestionFile = {
  about: 'Rules with allowedArgs, alone and beside others, on runs with and without listed arguments',
  sets: (
    [
      [rule('Block', exact('/p'), { class: 'exec', allowedArgs: ['-m', 'random'] })],
      [rule('Block', exact('/p'), { class: 'exec', allowedArgs: ['', '/', 'x'.repeat(300)] })],
      [rule('Block', exact('/p'), { class: 'exec', allowedArgs: ['-m'], ownerOnly: true })],
      [rule('Block', exact('/p'), { class: 'exec', allowedArgs: ['-m'], onlyTerminal: true })],
      [rule('Allow', exact('/p'), { class: 'exec', allowedArgs: ['-m'] })],
      [rule('Audit', exact('/p'), { class: 'exec', allowedArgs: ['-m'] })],
      [
        rule('Block', exact('/p'), { class: 'exec', allowedArgs: ['-m'] }),
        rule('Block', tree('/'), { class: 'exec' }),
        rule('Audit', exact('/p'), { class: 'exec' }),
      ],
      [
        rule('Block', exact('/p'), { class: 'exec', allowedArgs: ['-m'] }),
        rule('Block', exact('/p'), { class: 'exec' }),
      ],
      [
        rule('Block', tree('/'), { class: 'exec', allowedArgs: ['-m'] }),
        rule('Audit', exact('/p'), { class: 'exec' }),
      ],
    ] as const
  ).flatMap((rules) => [set(rules, runsWith('/p')), set(rules, runsWith('/p'), 'block', 'audited')]),
};

export const random: QuestionFile = { about: 'Rule sets of pseudo-random choices', sets: randomSets(80) };

const capability = (action: Action, word: string, source?: string): VectorRule => ({
  class: 'capability',
  pattern: { kind: 'word', word },
  action,
  ...(source === undefined ? {} : { source }),
});
/** Every capability is asked about by its name, and one that is younger than the rules. */
const uses = (source?: string): readonly Question[] =>
  Array.from({ length: capabilityWords.length + 1 }, (_, number) => ({
    class: 'capability',
    pathHex: (number + 1).toString(16).padStart(2, '0'),
    access: '',
    ...(source === undefined ? {} : { source }),
  }));

export const capabilities: QuestionFile = {
  about: 'Capabilities: every one by its number, sources, audit, allow-lists, names that nobody knows',
  sets: [
    set(
      capabilityWords.map((word) => capability('Block', word)),
      uses(),
    ),
    set(
      [
        capability('Block', 'CAP_NET_RAW'),
        capability('Allow', 'CAP_NET_RAW', '/bin/ping'),
        capability('Audit', 'CAP_SYS_ADMIN'),
        capability('Audit', 'CAP_CHOWN', '/bin/chown'),
      ],
      [...uses(), ...uses('/bin/ping'), ...uses('/bin/chown')],
      'block',
    ),
    set([capability('Allow', 'CAP_CHECKPOINT_RESTORE'), capability('Block', 'CAP_NOSUCH')], uses(), 'audit'),
    set([capability('Allow', 'CAP_NOSUCH')], uses(), 'block', 'audited'),
    set(
      [rule('Block', exact('/a')), capability('Audit', 'CAP_BPF'), capability('Block', 'CAP_BPF')],
      [...uses(), ...opens(['/a', '/b'])],
      'block',
    ),
  ],
};

const protocol = (action: Action, word: string, source?: string): VectorRule => ({
  ...capability(action, word, source),
  class: 'network',
});
const endpoint = (
  action: Action,
  cidr: string,
  more: Partial<EndpointPattern> = {},
  source?: string,
): VectorRule => ({
  class: 'network',
  pattern: { kind: 'endpoint', ports: [], ...(cidr === '' ? {} : { range: parseRange(cidr)! }), ...more },
  action,
  ...(source === undefined ? {} : { source }),
});
const ports = (from: number, to = from): Partial<EndpointPattern> => ({ ports: [{ from, to }] });

const sockets = ['c4st', 'c6st', 'c4du', 'c4ri', 'c6rj', 'c4qs', 'cust', 'cudu', 'cnro', 'cpro', 'coqo', 'cooo'];
const four = ['7f000001', '0a010203', '0a013fff', '0a014000', '0b000000', 'ffffffff'];
const six = [
  '00000000000000000000000000000001',
  'fd000000000000000000000000000001',
  'fdffffffffffffffffffffffffffffff',
  'fe800000000000000000000000000001',
];
/** Every kind of socket, and every peer in both directions at some ports. */
const talks = (source?: string): readonly Question[] =>
  [
    ...sockets,
    ...['e', 'i'].flatMap((way) =>
      ['0000', '0016', '01bb', '1fff', 'ffff'].flatMap((port) => [
        ...(way === 'i' ? [`i4st${port}`, `i6st${port}`, `i4du${port}`] : []),
        ...four.map((address) => `${way}4st${port}${address}`),
        ...six.map((address) => `${way}6st${port}${address}`),
        ...four.slice(1, 3).map((address) => `${way}4du${port}${address}`),
      ]),
    ),
  ].map((path) => ({
    class: 'network',
    path,
    access: '',
    ...(source === undefined ? {} : { source }),
  }));

export const network: QuestionFile = {
  about: 'Sockets by protocol and type, peers by address, port and direction, in both families',
  sets: [
    ...protocolWords.flatMap((word) =>
      (['Allow', 'Block'] as const).map((action) =>
        set(
          [protocol(action, word)],
          talks().filter(({ path }) => path!.length === 4),
          'block',
        ),
      ),
    ),
    set([protocol('Block', 'TCP'), protocol('Allow', 'STREAM', '/bin/curl'), protocol('Audit', 'UDP')], [
      ...talks(),
      ...talks('/bin/curl'),
    ]),
    set(
      [endpoint('Allow', '10.1.0.0/18', { ...ports(443), direction: 'egress', protocol: 'TCP' })],
      talks(),
      'block',
    ),
    set(
      [
        endpoint('Allow', '', { ...ports(0x1000, 0x1fff), direction: 'ingress' }),
        endpoint('Block', 'fd00::/9', ports(0x1000, 0x1fff)),
        endpoint('Audit', 'fd00::1', {}),
      ],
      talks(),
      'audit',
    ),
    set(
      [
        endpoint('Block', '0.0.0.0/0', { protocol: 'TCP' }),
        endpoint('Allow', '10.0.0.0/8', { protocol: 'TCP' }),
        endpoint('Block', '10.1.0.0/18', ports(22)),
        endpoint('Block', '::/0'),
        endpoint('Allow', '::1'),
        endpoint('Allow', '', ports(22), '/bin/ssh'),
      ],
      [...talks(), ...talks('/bin/ssh')],
      'block',
    ),
  ],
};

export const questionFiles: Readonly<Record<string, QuestionFile>> = {
  'truth-table': truthTable,
  precedence,
  directories,
  globs,
  bytes,
  sources,
  arguments: argumentLists,
  capabilities,
  network,
  random,
};
