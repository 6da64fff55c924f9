import {
  audited,
  blocked,
  inUbuntu,
  loaderCache,
  notAllowed,
  shellFiles,
  type SemanticsCase,
} from './case.ts';

const group2 = { group: 'group-2' };
const ubuntu1 = { container: 'ubuntu-1' };
const ubuntu4 = { container: 'ubuntu-4' };
const fromCat = [{ path: '/bin/cat' }];
const fromReadwrite = [{ path: '/readwrite' }];
const password = '/credentials/password';

const shell = {
  process: {
    matchDirectories: [{ dir: '/bin/', recursive: true }],
    matchPaths: [{ path: '/readwrite' }],
  },
};
const allowFiles = (entries: { paths?: readonly object[] }) => ({
  matchDirectories: shellFiles,
  matchPaths: [...(entries.paths ?? []), ...loaderCache, { path: '/readwrite' }],
});

export const fileCases: readonly SemanticsCase[] = [
  {
    id: 'KSP-17',
    promise: 'a file is denied at a terminal and readable without one',
    policies: [
      inUbuntu(
        'block-file-tty',
        { group: 'group-1' },
        { file: { matchPaths: [{ path: '/etc/hostname', pts: false }] }, action: 'Block' },
      ),
    ],
    steps: [
      { in: 'ubuntu-1', run: ['cat', '/etc/hostname'], expect: 'denied', alert: blocked('block-file-tty') },
      { in: 'ubuntu-1', run: ['cat', '/etc/hostname'], tty: false, expect: 'works' },
    ],
  },
  {
    id: 'KSP-18',
    promise: 'an allowed file is for one program, everything else is denied',
    policies: [
      inUbuntu('allow-secret-to-cat', group2, {
        ...shell,
        file: allowFiles({ paths: [{ path: '/secret.txt', fromSource: fromCat }] }),
        action: 'Allow',
      }),
    ],
    steps: [
      { in: 'ubuntu-4', run: ['cat', '/etc/hostname'], expect: 'denied', alert: notAllowed('hostname') },
      { in: 'ubuntu-4', run: ['cat', '/secret.txt'], expect: 'works', prints: 'secret file' },
    ],
  },
  {
    id: 'KSP-19',
    promise: 'everything below a directory is denied',
    policies: [
      inUbuntu('block-credentials', ubuntu4, {
        severity: 9,
        file: { matchDirectories: [{ dir: '/credentials/', recursive: true }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: ['cat', password],
        expect: 'denied',
        alert: blocked('block-credentials', { Severity: '9' }),
      },
    ],
  },
  {
    id: 'KSP-20',
    promise: 'a file read by one program is reported',
    policies: [
      inUbuntu('audit-secret', group2, {
        severity: 5,
        file: { matchPaths: [{ path: '/secret.txt', fromSource: fromCat }] },
        action: 'Audit',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: ['cat', '/secret.txt'],
        expect: 'works',
        alert: audited('audit-secret', { Severity: '5' }),
      },
    ],
  },
  {
    id: 'KSP-21',
    promise: 'each file below an audited directory is reported',
    policies: [
      inUbuntu('audit-credentials', ubuntu1, {
        severity: 5,
        file: { matchDirectories: [{ dir: '/credentials/', recursive: true }] },
        action: 'Audit',
      }),
    ],
    steps: [password, '/credentials/keys/priv.key'].map((path) => ({
      in: 'ubuntu-1' as const,
      run: ['cat', path],
      expect: 'works' as const,
      alert: audited('audit-credentials', { Resource: path }),
    })),
  },
  {
    id: 'KSP-22',
    promise: 'a file is denied to one program',
    policies: [
      inUbuntu('block-secret', group2, {
        severity: 5,
        file: { matchPaths: [{ path: '/secret.txt', fromSource: fromCat }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-5',
        run: ['cat', '/secret.txt'],
        expect: 'denied',
        alert: blocked('block-secret', { Severity: '5' }),
      },
      { in: 'ubuntu-5', run: ['head', '/secret.txt'], expect: 'works' },
    ],
  },
  {
    id: 'KSP-35',
    promise: 'one program may read a file and not write it',
    policies: [
      inUbuntu('read-only-from-source', ubuntu4, {
        severity: 10,
        file: { matchPaths: [{ path: password, readOnly: true, fromSource: fromReadwrite }] },
        action: 'Block',
      }),
    ],
    steps: [
      { in: 'ubuntu-4', run: ['/readwrite', '-r', password], expect: 'works' },
      {
        in: 'ubuntu-4',
        run: ['/readwrite', '-w', password],
        expect: 'denied',
        alert: blocked('read-only-from-source', { Severity: '10' }),
      },
      { in: 'ubuntu-4', run: ['/readwrite', '-r', '/secret.txt'], expect: 'works' },
    ],
  },
  {
    id: 'KSP-36',
    promise: 'an allowed read does not allow the write, nor another file',
    policies: [
      inUbuntu('allow-read-from-source', ubuntu4, {
        file: allowFiles({ paths: [{ path: password, readOnly: true, fromSource: fromReadwrite }] }),
        action: 'Allow',
      }),
    ],
    steps: [
      { in: 'ubuntu-4', run: ['/readwrite', '-r', password], expect: 'works' },
      {
        in: 'ubuntu-4',
        run: ['/readwrite', '-w', password],
        expect: 'denied',
        alert: notAllowed('password'),
      },
      {
        in: 'ubuntu-4',
        run: ['/readwrite', '-r', '/secret.txt'],
        expect: 'denied',
        alert: notAllowed('secret.txt'),
      },
    ],
  },
  {
    id: 'KSP-37',
    promise: 'a read-only file can be read and not appended to',
    policies: [
      inUbuntu('block-write', ubuntu4, {
        severity: 10,
        file: { matchPaths: [{ path: password, readOnly: true }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: ['bash', '-c', `echo x >> ${password}`],
        expect: 'denied',
        alert: blocked('block-write', { Severity: '10' }),
      },
      { in: 'ubuntu-4', run: ['cat', password], expect: 'works' },
    ],
  },
  {
    id: 'KSP-38',
    promise: 'writes to an audited read-only directory are reported, reads are not',
    policies: [
      inUbuntu('audit-shm', ubuntu4, {
        severity: 10,
        file: { matchDirectories: [{ dir: '/dev/shm/', readOnly: true }] },
        action: 'Audit',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: ['touch', '/dev/shm/new'],
        expect: 'works',
        alert: audited('audit-shm', { Severity: '10', Resource: '/dev/shm/new' }),
      },
      { in: 'ubuntu-4', run: ['cat', '/dev/shm/new'], expect: 'works', noAlert: { PolicyName: 'audit-shm' } },
    ],
  },
  {
    id: 'KSP-39',
    promise: 'a glob is enforced in the kernel',
    policies: [
      inUbuntu('block-glob', ubuntu1, {
        severity: 5,
        file: { matchPatterns: [{ pattern: '/etc/*hado?' }] },
        action: 'Block',
      }),
    ],
    steps: ['/etc/shadow', '/etc/gshadow'].map((path) => ({
      in: 'ubuntu-1' as const,
      run: ['cat', path],
      expect: 'denied' as const,
      alert: blocked('block-glob', { Severity: '5', Resource: path }),
    })),
  },
  {
    id: 'KSP-40',
    promise: 'a service account directory is denied',
    policies: [
      inUbuntu('block-account', ubuntu1, {
        severity: 8,
        file: { matchDirectories: [{ dir: '/run/secrets/kubernetes.io/serviceaccount/', recursive: true }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-1',
        run: ['cat', '/run/secrets/kubernetes.io/serviceaccount/token'],
        expect: 'denied',
        alert: blocked('block-account', { Severity: '8' }),
      },
    ],
  },
  {
    id: 'KSP-42',
    promise: 'an allowed read-only file cannot be appended to',
    policies: [
      inUbuntu('allow-read', ubuntu4, {
        ...shell,
        file: allowFiles({ paths: [{ path: password, readOnly: true }] }),
        action: 'Allow',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: ['bash', '-c', `echo x >> ${password}`],
        expect: 'denied',
        alert: notAllowed('password'),
      },
      { in: 'ubuntu-4', run: ['cat', password], expect: 'works' },
    ],
  },
];
