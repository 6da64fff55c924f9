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

const group2 = { group: 'group-2' };
const ubuntu1 = { container: 'ubuntu-1' };
const ubuntu3 = { container: 'ubuntu-3' };
const ubuntu4 = { container: 'ubuntu-4' };
const secret = '/home/user1/secret_data1.txt';
const own = { ownerOnly: true };
const ownRead = { ownerOnly: true, readOnly: true };

const read = (path: string) => ['cat', path];
const append = (path: string) => ['bash', '-c', `echo x >> ${path}`];
const shell = {
  process: {
    matchDirectories: [{ dir: '/bin/', recursive: true }],
    matchPaths: [{ path: '/readwrite' }, { path: '/home/user1/readwrite' }],
  },
};
const allowing = (entry: object) => ({
  ...shell,
  file: {
    matchDirectories: shellFiles,
    matchPaths: [
      entry,
      ...loaderCache,
      { path: '/readwrite' },
      { path: '/home/user1/readwrite' },
      { path: '/home/user1' },
    ],
  },
  action: 'Allow',
});

/** Read and write by the owner and by root, on one file, as the truth table of a Block rule says. */
function blockedAccesses(
  container: Step['in'],
  path: string,
  policy: string,
  severity: string,
): readonly Step[] {
  const alert = blocked(policy, { Severity: severity, Resource: path });
  return [
    { in: container, run: read(path), expect: 'denied', alert },
    { in: container, run: read(path), as: 'user1', expect: 'works' },
    { in: container, run: append(path), expect: 'denied', alert },
    { in: container, run: append(path), as: 'user1', expect: 'denied', alert },
  ];
}

export const ownerCases: readonly SemanticsCase[] = [
  {
    id: 'KSP-23',
    promise: 'an allowed file is for its owner, through one program',
    policies: [
      inUbuntu(
        'allow-own-secret-to-cat',
        group2,
        allowing({ path: secret, ...own, fromSource: [{ path: '/bin/cat' }] }),
      ),
    ],
    steps: [
      { in: 'ubuntu-4', run: read(secret), expect: 'denied', alert: notAllowed('secret_data1.txt') },
      { in: 'ubuntu-4', run: read(secret), as: 'user1', expect: 'works' },
    ],
  },
  {
    id: 'KSP-24',
    promise: 'a stranger reading an owner-only file is reported',
    policies: [
      inUbuntu('audit-own-secret', group2, {
        severity: 7,
        file: { matchPaths: [{ path: secret, ...own, fromSource: [{ path: '/bin/cat' }] }] },
        action: 'Audit',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: read(secret),
        expect: 'works',
        alert: audited('audit-own-secret', { Severity: '7' }),
      },
      {
        in: 'ubuntu-4',
        run: read(secret),
        as: 'user1',
        expect: 'works',
        noAlert: { PolicyName: 'audit-own-secret' },
      },
    ],
  },
  {
    id: 'KSP-25',
    promise: 'a write into an owner-only read-only directory is reported',
    policies: [
      inUbuntu('audit-home', ubuntu1, {
        severity: 5,
        file: { matchDirectories: [{ dir: '/home/user1/', ...ownRead }] },
        action: 'Audit',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-1',
        run: ['touch', '/home/user1/new1'],
        expect: 'works',
        alert: audited('audit-home', { Severity: '5', Resource: '/home/user1/new1' }),
      },
      {
        in: 'ubuntu-1',
        run: read(secret),
        as: 'user1',
        expect: 'works',
        noAlert: { PolicyName: 'audit-home', Resource: secret },
      },
    ],
  },
  {
    id: 'KSP-26',
    promise: 'a file is denied to all but its owner, for one program',
    policies: [
      inUbuntu('block-own-secret', group2, {
        severity: 7,
        file: { matchPaths: [{ path: secret, ...own, fromSource: [{ path: '/bin/cat' }] }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: read(secret),
        expect: 'denied',
        alert: blocked('block-own-secret', { Severity: '7' }),
      },
      { in: 'ubuntu-4', run: read(secret), as: 'user1', expect: 'works' },
    ],
  },
  {
    id: 'KSP-27',
    promise: 'a glob carries owner and read-only flags',
    policies: [
      inUbuntu('block-secret-glob', ubuntu1, {
        severity: 5,
        file: { matchPatterns: [{ pattern: '/home/user1/secret_data*', ...ownRead }] },
        action: 'Block',
      }),
    ],
    steps: blockedAccesses('ubuntu-1', secret, 'block-secret-glob', '5'),
  },
  {
    id: 'KSP-28',
    promise: 'a whole tree carries owner and read-only flags',
    policies: [
      inUbuntu('block-home-tree', ubuntu3, {
        severity: 7,
        file: { matchDirectories: [{ dir: '/home/user1/', recursive: true, ...ownRead }] },
        action: 'Block',
      }),
    ],
    steps: [
      ...blockedAccesses('ubuntu-3', '/home/user1/dir1/key1.txt', 'block-home-tree', '7'),
      ...blockedAccesses('ubuntu-3', secret, 'block-home-tree', '7'),
    ],
  },
  {
    id: 'KSP-29',
    promise: 'a directory carries owner and read-only flags',
    policies: [
      inUbuntu('block-home', ubuntu3, {
        severity: 7,
        file: { matchDirectories: [{ dir: '/home/user1/', ...ownRead }] },
        action: 'Block',
      }),
    ],
    steps: [
      ...blockedAccesses('ubuntu-3', secret, 'block-home', '7'),
      { in: 'ubuntu-3', run: read('/home/user1/dir1/key1.txt'), expect: 'works' },
    ],
  },
  {
    id: 'KSP-30',
    promise: 'an allowed file is for its owner, to read, through one program',
    policies: [
      inUbuntu('allow-own-read-to-readwrite', ubuntu4, {
        severity: 10,
        tags: ['WARNING'],
        ...allowing({ path: secret, ...ownRead, fromSource: [{ path: '/home/user1/readwrite' }] }),
      }),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: ['/readwrite', '-r', secret],
        expect: 'denied',
        alert: notAllowed('secret_data1.txt'),
      },
      {
        in: 'ubuntu-4',
        run: ['/readwrite', '-w', secret],
        expect: 'denied',
        alert: notAllowed('secret_data1.txt'),
      },
      { in: 'ubuntu-4', run: ['/home/user1/readwrite', '-r', secret], as: 'user1', expect: 'works' },
      {
        in: 'ubuntu-4',
        run: ['/home/user1/readwrite', '-w', secret],
        as: 'user1',
        expect: 'denied',
        alert: notAllowed('secret_data1.txt'),
      },
    ],
  },
  {
    id: 'KSP-31',
    promise: 'a file may be read by its owner and written by nobody',
    policies: [
      inUbuntu('block-own-read', ubuntu4, {
        severity: 10,
        file: { matchPaths: [{ path: secret, ...ownRead }] },
        action: 'Block',
      }),
    ],
    steps: blockedAccesses('ubuntu-4', secret, 'block-own-read', '10'),
  },
  {
    id: 'KSP-32',
    promise: 'and so for one program only',
    policies: [
      inUbuntu('block-own-read-from-source', ubuntu4, {
        severity: 10,
        file: { matchPaths: [{ path: secret, ...ownRead, fromSource: [{ path: '/readwrite' }] }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'ubuntu-4',
        run: ['/readwrite', '-w', secret],
        as: 'user1',
        expect: 'denied',
        alert: blocked('block-own-read-from-source', { Severity: '10' }),
      },
      {
        in: 'ubuntu-4',
        run: ['/readwrite', '-w', secret],
        expect: 'denied',
        alert: blocked('block-own-read-from-source', { Severity: '10' }),
      },
      { in: 'ubuntu-4', run: read(secret), as: 'user1', expect: 'works' },
    ],
  },
  {
    id: 'KSP-33',
    promise: 'an allow-list with owner and read-only flags denies the rest',
    policies: [inUbuntu('allow-own-read', ubuntu4, allowing({ path: secret, ...ownRead }))],
    steps: [
      { in: 'ubuntu-4', run: read(secret), expect: 'denied', alert: notAllowed('secret_data1.txt') },
      { in: 'ubuntu-4', run: read(secret), as: 'user1', expect: 'works' },
      {
        in: 'ubuntu-4',
        run: read('/home/user1/otherfile.txt'),
        as: 'user1',
        expect: 'denied',
        alert: notAllowed('otherfile.txt'),
      },
    ],
  },
  {
    id: 'KSP-34',
    promise: 'an allowed file is for its owner, to read and write',
    policies: [inUbuntu('allow-own', ubuntu3, allowing({ path: secret, ...own }))],
    steps: [
      { in: 'ubuntu-3', run: read(secret), expect: 'denied', alert: notAllowed('secret_data1.txt') },
      { in: 'ubuntu-3', run: read(secret), as: 'user1', expect: 'works' },
      { in: 'ubuntu-3', run: append(secret), as: 'user1', expect: 'works' },
    ],
  },
];
