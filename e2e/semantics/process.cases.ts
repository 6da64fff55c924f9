import {
  audited,
  blocked,
  inUbuntu,
  loaderCache,
  notAllowed,
  shellFiles,
  type SemanticsCase,
  type Step,
} from './case.ts';

const group1 = { group: 'group-1' };
const ubuntu1 = { container: 'ubuntu-1' };
const ubuntu3 = { container: 'ubuntu-3' };

const sleepBlock = (name: string, entry: object) =>
  inUbuntu(name, group1, {
    severity: 5,
    process: { matchPaths: [{ path: '/bin/sleep', ...entry }] },
    action: 'Block',
  });

const byExpression = (name: string, expressions: readonly object[]) =>
  ({
    kind: 'KubeArmorPolicy',
    metadata: { name, namespace: 'multiubuntu' },
    spec: {
      selector: { matchExpressions: expressions },
      process: { matchPaths: [{ execname: 'apt' }] },
      action: 'Block',
    },
  }) as const;

const inShell = (script: string, outcome: Pick<Step, 'expect' | 'prints' | 'alert'>): Step => ({
  in: 'ubuntu-1',
  run: ['bash', '-c', script],
  ...outcome,
});

const deniedPython = {
  expect: 'denied',
  alert: blocked('block-python-arguments', {
    Severity: '5',
    Operation: 'Process',
    Resource: '/usr/bin/python3.6',
  }),
} as const;

export const processCases: readonly SemanticsCase[] = [
  {
    id: 'KSP-04',
    promise: 'a group of pods is denied one program',
    policies: [sleepBlock('block-sleep', {})],
    steps: (['ubuntu-1', 'ubuntu-3'] as const).map((container) => ({
      in: container,
      run: ['sleep', '1'],
      expect: 'denied' as const,
      alert: blocked('block-sleep', { Severity: '5', Operation: 'Process', ContainerName: container }),
    })),
  },
  {
    id: 'KSP-05',
    promise: 'an audited program runs and is reported',
    policies: [
      inUbuntu(
        'audit-sleep',
        { group: 'group-2' },
        { severity: 4, process: { matchPaths: [{ path: '/bin/sleep' }] }, action: 'Audit' },
      ),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: ['sleep', '0'],
        expect: 'works',
        alert: audited('audit-sleep', { Severity: '4', Operation: 'Process' }),
      },
    ],
  },
  {
    id: 'KSP-06',
    promise: 'the programs of a directory are denied',
    policies: [
      inUbuntu('block-sbin', ubuntu1, {
        severity: 6,
        process: { matchDirectories: [{ dir: '/sbin/' }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-1',
        run: ['bash', '-c', '/sbin/route'],
        expect: 'denied',
        alert: blocked('block-sbin', { Severity: '6' }),
      },
    ],
  },
  {
    id: 'KSP-07',
    promise: 'the programs below a directory are denied',
    policies: [
      inUbuntu('block-usr', ubuntu1, {
        severity: 2,
        process: { matchDirectories: [{ dir: '/usr/', recursive: true }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-1',
        run: ['bash', '-c', 'whoami'],
        expect: 'denied',
        alert: blocked('block-usr', { Severity: '2' }),
      },
    ],
  },
  {
    id: 'KSP-08',
    promise: 'a program is denied to one caller only',
    policies: [
      inUbuntu('block-ls-from-dash', group1, {
        severity: 5,
        process: { matchPaths: [{ path: '/bin/ls', fromSource: [{ path: '/bin/dash' }] }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-1',
        run: ['/bin/dash', '-c', 'ls /; :'],
        expect: 'denied',
        alert: blocked('block-ls-from-dash', { Severity: '5', Source: '/bin/dash' }),
      },
      { in: 'ubuntu-1', run: ['/bin/dash', '-c', 'pwd; :'], expect: 'works', prints: '/' },
      { in: 'ubuntu-1', run: ['/bin/bash', '-c', 'ls /; :'], expect: 'works' },
    ],
  },
  {
    id: 'KSP-09',
    promise: 'an allow-list of directories denies the rest',
    policies: [
      inUbuntu('allow-credentials', ubuntu3, {
        severity: 5,
        process: { matchDirectories: [{ dir: '/bin/', recursive: true }] },
        file: {
          matchDirectories: [{ dir: '/credentials/', recursive: true }, ...shellFiles],
          matchPaths: loaderCache,
        },
        action: 'Allow',
      }),
    ],
    steps: [
      { in: 'ubuntu-3', run: ['cat', '/etc/hostname'], expect: 'denied', alert: notAllowed('hostname') },
      { in: 'ubuntu-3', run: ['cat', '/credentials/password'], expect: 'works' },
    ],
  },
  {
    id: 'KSP-10',
    promise: 'an allowed program is for its owner only',
    policies: [
      inUbuntu('allow-own-hello', ubuntu3, {
        severity: 5,
        process: {
          matchPaths: [{ path: '/home/user1/hello', ownerOnly: true }],
          matchDirectories: [{ dir: '/bin/', recursive: true }],
        },
        file: {
          matchDirectories: [{ dir: '/home/user1/', recursive: true }, ...shellFiles],
          matchPaths: loaderCache,
        },
        action: 'Allow',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-3',
        run: ['bash', '-c', '/home/user1/hello'],
        expect: 'denied',
        alert: notAllowed('/home/user1/hello'),
      },
      {
        in: 'ubuntu-3',
        run: ['bash', '-c', '/home/user1/hello'],
        as: 'user1',
        expect: 'works',
        prints: 'helloworld',
      },
    ],
  },
  {
    id: 'KSP-11',
    promise: 'a blocked program still runs for its owner',
    policies: [
      inUbuntu('block-but-owner', ubuntu3, {
        severity: 7,
        process: { matchPaths: [{ path: '/home/user1/hello', ownerOnly: true }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-3',
        run: ['bash', '-c', '/home/user1/hello'],
        expect: 'denied',
        alert: blocked('block-but-owner', { Severity: '7' }),
      },
      {
        in: 'ubuntu-3',
        run: ['bash', '-c', '/home/user1/hello'],
        as: 'user1',
        expect: 'works',
        prints: 'helloworld',
      },
    ],
  },
  {
    id: 'KSP-12',
    promise: 'a program is denied by its name in any directory',
    policies: [
      inUbuntu('block-apt-name', ubuntu1, {
        process: { matchPaths: [{ execname: 'apt' }] },
        action: 'Block',
      }),
    ],
    steps: [
      { in: 'ubuntu-1', run: ['bash', '-c', 'apt'], expect: 'denied', alert: blocked('block-apt-name') },
    ],
  },
  {
    id: 'KSP-13',
    promise: 'label expressions In and NotIn both count',
    policies: [
      byExpression('expression-in', [
        { key: 'label', operator: 'In', values: ['container=ubuntu-1'] },
        { key: 'label', operator: 'NotIn', values: ['container=ubuntu-3'] },
      ]),
    ],
    steps: [
      { in: 'ubuntu-1', run: ['bash', '-c', 'apt'], expect: 'denied', alert: blocked('expression-in') },
      { in: 'ubuntu-3', run: ['bash', '-c', 'apt'], expect: 'works' },
    ],
  },
  {
    id: 'KSP-14',
    promise: 'a label expression NotIn spares what it names',
    policies: [
      byExpression('expression-not-in', [
        { key: 'label', operator: 'NotIn', values: ['container=ubuntu-1'] },
      ]),
    ],
    steps: [
      { in: 'ubuntu-1', run: ['bash', '-c', 'apt'], expect: 'works' },
      { in: 'ubuntu-3', run: ['bash', '-c', 'apt'], expect: 'denied', alert: blocked('expression-not-in') },
    ],
  },
  {
    id: 'KSP-15',
    promise: 'a program runs with listed arguments only',
    policies: [
      inUbuntu('block-python-arguments', ubuntu1, {
        severity: 5,
        process: { matchPaths: [{ path: '/usr/bin/python3.6', allowedArgs: ['-m', 'random'] }] },
        action: 'Block',
      }),
    ],
    steps: [
      { in: 'ubuntu-1', run: ['python3', '-m', 'random'], expect: 'works', prints: 'python3 ran -m random' },
      inShell('python3 random -m random; :', { expect: 'works', prints: 'python3 ran random -m random' }),
      inShell('python3 -m pydoc', deniedPython),
      { in: 'ubuntu-1', run: ['python3', '-m', 'pydoc'], ...deniedPython },
      inShell('python3; :', deniedPython),
      inShell('exec -a -m python3; :', { expect: 'works', prints: '-m ran' }),
      inShell('python3 -m ""; :', deniedPython),
      inShell('printf -v long %5000s; python3 -m "${long// /a}"; :', deniedPython),
      inShell('python3 $(printf "%.0srandom " {1..299}) other; :', deniedPython),
      inShell('python3 other $(printf "%.0srandom " {1..299}); :', deniedPython),
      inShell('python3 $(printf "%.0srandom " {1..300}) | wc -w; :', { expect: 'works', prints: '302' }),
      inShell('python3 $(printf "%.0srandom " {1..20000}) | wc -w; :', { expect: 'works', prints: '20002' }),
      inShell('python3 $(printf "%.0srandom " {1..20000}) other; :', deniedPython),
      inShell(
        'echo "#!/usr/bin/python3.6 -m" > /tmp/run && chmod +x /tmp/run && /tmp/run random; :',
        deniedPython,
      ),
      inShell('flip-argument 100 /usr/bin/python3.6; :', { expect: 'works', prints: 'no other ran' }),
      inShell('flip-argument 100 /usr/bin/python3.6; :', { expect: 'works', prints: 'no other ran' }),
      {
        in: 'ubuntu-4',
        run: ['flip-argument', '20', '/usr/bin/python3.6'],
        expect: 'works',
        prints: 'others ran too',
      },
    ],
  },
  {
    id: 'KSP-16',
    promise: 'a program is denied at a terminal and runs without one',
    policies: [sleepBlock('block-sleep-tty', { pts: false })],
    steps: [
      { in: 'ubuntu-1', run: ['sleep', '0'], expect: 'denied', alert: blocked('block-sleep-tty') },
      { in: 'ubuntu-1', run: ['sleep', '0'], tty: false, expect: 'works' },
    ],
  },
];
