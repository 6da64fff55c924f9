import {
  audited,
  blocked,
  inMulticontainer,
  onHost,
  unorchestrated,
  type SemanticsCase,
  type Step,
} from './case.ts';

const filter = (value: string) => ({ container: 'multicontainer', 'kubearmor.io/container.name': value });
const listing = { severity: 2, process: { matchPaths: [{ path: '/bin/ls' }] }, action: 'Block' };
const ls = ['bash', '-c', 'ls /'];

const denied = (container: Step['in'], policy: string): Step => ({
  in: container,
  run: ls,
  expect: 'denied',
  alert: blocked(policy, { Severity: '2', ContainerName: container, NamespaceName: 'multicontainer' }),
});

export const containerFilterCases: readonly SemanticsCase[] = [
  {
    id: 'MUL-01',
    promise: 'a policy holds for the one container it names',
    policies: [inMulticontainer('block-one', filter('[container-1]'), listing)],
    steps: [denied('container-1', 'block-one'), { in: 'container-2', run: ls, expect: 'works' }],
  },
  {
    id: 'MUL-02',
    promise: 'an empty list of containers means all',
    policies: [inMulticontainer('block-all', filter('[]'), listing)],
    steps: [denied('container-1', 'block-all'), denied('container-2', 'block-all')],
  },
  {
    id: 'MUL-03',
    promise: 'an empty container name means all',
    policies: [inMulticontainer('block-empty', filter(''), listing)],
    steps: [denied('container-1', 'block-empty'), denied('container-2', 'block-empty')],
  },
  {
    id: 'MUL-04',
    promise: 'stray commas in the list of containers are ignored',
    policies: [inMulticontainer('block-commas', filter('[container-1,,]'), listing)],
    steps: [denied('container-1', 'block-commas'), { in: 'container-2', run: ls, expect: 'works' }],
  },
];

const loner = { 'kubearmor.io/container.name': 'loner' };
const inLoner = (run: readonly string[], policy: string): Step => ({
  in: 'loner',
  run,
  expect: 'works',
  alert: audited(policy, { NamespaceName: 'container_namespace', ContainerName: 'loner' }),
});

/** UNO-03 is a network rule; UNO-06 to UNO-09 speak the agent's services and are scenarios of their own. */
export const unorchestratedCases: readonly SemanticsCase[] = [
  {
    id: 'UNO-01',
    promise: 'audited files of a plain container are reported',
    policies: [
      unorchestrated('audit-files', loner, {
        severity: 7,
        file: { matchPaths: [{ path: '/etc/passwd' }, { path: '/etc/shadow' }] },
        action: 'Audit',
      }),
    ],
    steps: [inLoner(['cat', '/etc/shadow'], 'audit-files')],
  },
  {
    id: 'UNO-02',
    promise: 'audited programs of a plain container are reported',
    policies: [
      unorchestrated('audit-programs', loner, {
        process: { matchDirectories: [{ dir: '/usr/bin/', recursive: true }] },
        action: 'Audit',
      }),
    ],
    steps: [inLoner(['bash', '-c', '/usr/bin/whoami'], 'audit-programs')],
  },
  {
    id: 'UNO-04',
    promise: 'an audited file glob of a plain container is reported',
    policies: [
      unorchestrated('audit-tmp', loner, {
        file: { severity: 4, matchPatterns: [{ pattern: '/tmp/*' }] },
        action: 'Audit',
      }),
    ],
    steps: [inLoner(['bash', '-c', 'echo x > /tmp/something.txt'], 'audit-tmp')],
  },
  {
    id: 'UNO-05',
    promise: 'an audited program glob of a plain container is reported',
    policies: [
      unorchestrated('audit-apt', loner, {
        process: { matchPatterns: [{ pattern: '/usr/bin/apt*' }] },
        action: 'Audit',
      }),
    ],
    steps: [inLoner(['bash', '-c', 'apt --help'], 'audit-apt')],
  },
];

const hostBlocked = (policy: string) => blocked(policy, { Type: 'MatchedHostPolicy', ContainerName: '' });

/** HOST-02 changes a policy in flight and is a scenario of its own. */
export const hostCases: readonly SemanticsCase[] = [
  {
    id: 'HOST-01',
    promise: 'a program of the node is denied',
    policies: [
      onHost('host-block-ls', { process: { matchPaths: [{ path: '/usr/bin/ls' }] }, action: 'Block' }),
    ],
    steps: [
      {
        in: 'host',
        run: ['bash', '-c', '/usr/bin/ls /'],
        expect: 'denied',
        alert: hostBlocked('host-block-ls'),
      },
    ],
  },
  {
    id: 'HOST-03',
    promise: 'a file glob of the node is denied',
    policies: [
      onHost('host-block-tmp', {
        file: { severity: 4, tags: ['TMP'], message: 'write to tmp', matchPatterns: [{ pattern: '/tmp/*' }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'host',
        run: ['bash', '-c', 'echo x > /tmp/something.txt'],
        expect: 'denied',
        alert: { ...hostBlocked('host-block-tmp'), Severity: '4', Message: 'write to tmp', Tags: 'TMP' },
      },
    ],
  },
  {
    id: 'HOST-05',
    promise: 'a node file read by one program is reported',
    policies: [
      onHost('host-audit-hosts', {
        file: { matchPaths: [{ path: '/etc/hosts', fromSource: [{ path: '/usr/bin/cat' }] }] },
        action: 'Audit',
      }),
    ],
    steps: [
      {
        in: 'host',
        run: ['cat', '/etc/hosts'],
        expect: 'works',
        alert: audited('host-audit-hosts', { Type: 'MatchedHostPolicy' }),
      },
    ],
  },
  {
    id: 'HOST-07',
    promise: 'a file of the node is denied',
    policies: [
      onHost('host-block-passwd', { file: { matchPaths: [{ path: '/etc/passwd' }] }, action: 'Block' }),
    ],
    steps: [
      { in: 'host', run: ['cat', '/etc/passwd'], expect: 'denied', alert: hostBlocked('host-block-passwd') },
    ],
  },
  {
    id: 'HOST-08',
    promise: 'a denied program of the node carries tags and message',
    policies: [
      onHost('host-block-nproc', {
        tags: ['NET'],
        message: 'no nproc here',
        process: { matchPaths: [{ path: '/usr/bin/nproc' }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'host',
        run: ['bash', '-c', '/usr/bin/nproc --version'],
        expect: 'denied',
        alert: { ...hostBlocked('host-block-nproc'), Tags: 'NET', Message: 'no nproc here' },
      },
    ],
  },
  {
    id: 'HOST-09',
    promise: 'a tree of the node is denied',
    policies: [
      onHost('host-block-etc', {
        file: { matchDirectories: [{ dir: '/etc/security/', recursive: true }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'host',
        run: ['cat', '/etc/security/limits.conf'],
        expect: 'denied',
        alert: hostBlocked('host-block-etc'),
      },
    ],
  },
  {
    id: 'HOST-10',
    promise: 'a directory without its trailing slash is a directory',
    policies: [
      onHost('host-block-sbin', {
        process: { matchDirectories: [{ dir: '/usr/sbin', recursive: true, severity: 3 }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'host',
        run: ['bash', '-c', '/usr/sbin/nologin'],
        expect: 'denied',
        alert: { ...hostBlocked('host-block-sbin'), Severity: '3' },
      },
    ],
  },
  {
    id: 'HOST-11',
    promise: 'a program glob of the node is denied',
    policies: [
      onHost('host-block-apt', {
        process: { matchPatterns: [{ pattern: '/usr/bin/apt*' }] },
        action: 'Block',
      }),
    ],
    steps: ['apt', 'apt-get', 'apt-cache'].map((tool) => ({
      in: 'host' as const,
      run: ['bash', '-c', `/usr/bin/${tool} --version`],
      expect: 'denied' as const,
      alert: hostBlocked('host-block-apt'),
    })),
  },
];
