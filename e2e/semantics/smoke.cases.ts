import { audited, blocked, inWordpress, type SemanticsCase } from './case.ts';

const wordpress = { app: 'wordpress' };
const token = '/run/secrets/kubernetes.io/serviceaccount/token';
const accountDir = '/run/secrets/kubernetes.io/serviceaccount/';

const configRule = inWordpress('block-config', wordpress, {
  severity: 10,
  message: 'configuration was read',
  file: { matchPaths: [{ path: '/var/www/html/wp-config.php', fromSource: [{ path: '/bin/cat' }] }] },
  action: 'Block',
});

export const smokeCases: readonly SemanticsCase[] = [
  {
    id: 'SMK-01',
    promise: 'a package tool is denied and named',
    policies: [
      inWordpress('block-packages', wordpress, {
        severity: 3,
        process: { matchPaths: [{ path: '/usr/bin/apt' }, { path: '/usr/bin/apt-get' }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'wordpress',
        run: ['bash', '-c', 'apt update'],
        expect: 'denied',
        alert: blocked('block-packages', {
          Severity: '3',
          Operation: 'Process',
          NamespaceName: 'wordpress-mysql',
        }),
      },
    ],
  },
  {
    id: 'SMK-02',
    promise: 'a sensitive file is denied to cat by its absolute path',
    policies: [configRule],
    steps: [
      {
        in: 'wordpress',
        run: ['cat', '/var/www/html/wp-config.php'],
        expect: 'denied',
        alert: blocked('block-config', {
          Severity: '10',
          Message: 'configuration was read',
          Operation: 'File',
        }),
      },
    ],
  },
  {
    id: 'SMK-03',
    promise: 'and by a relative path',
    policies: [configRule],
    steps: [
      {
        in: 'wordpress',
        run: ['bash', '-c', 'cd /var/www/html && cat wp-config.php'],
        expect: 'denied',
        alert: blocked('block-config', { Severity: '10', Resource: '/var/www/html/wp-config.php' }),
      },
    ],
  },
  {
    id: 'SMK-04',
    promise: 'a service account token is denied through its symlinks',
    policies: [
      inWordpress('block-token', wordpress, {
        severity: 7,
        file: { matchDirectories: [{ dir: accountDir, recursive: true }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'wordpress',
        run: ['cat', token],
        expect: 'denied',
        alert: blocked('block-token', { Severity: '7' }),
      },
    ],
  },
  {
    id: 'SMK-05',
    promise: 'one policy blocks a directory for all but one program',
    policies: [
      inWordpress('lenient-token', wordpress, {
        severity: 7,
        file: {
          matchDirectories: [
            { dir: accountDir, recursive: true, action: 'Block' },
            { dir: '/', recursive: true },
            { dir: accountDir, recursive: true, fromSource: [{ path: '/bin/cat' }] },
          ],
        },
        process: { matchDirectories: [{ dir: '/', recursive: true }] },
        action: 'Allow',
      }),
    ],
    steps: [
      {
        in: 'wordpress',
        run: ['head', token],
        expect: 'denied',
        alert: blocked('lenient-token', { Severity: '7', Source: 'head' }),
      },
      {
        in: 'wordpress',
        run: ['cat', token],
        expect: 'works',
        noAlert: { PolicyName: 'lenient-token', Source: 'cat' },
      },
      { in: 'wordpress', run: ['cat', '/etc/passwd'], expect: 'works' },
      { in: 'wordpress', run: ['head', '/etc/passwd'], expect: 'works' },
    ],
  },
  {
    id: 'SMK-06',
    promise: 'an audited directory reports and lets pass',
    policies: [
      inWordpress(
        'audit-data',
        { app: 'mysql' },
        {
          severity: 5,
          file: { matchDirectories: [{ dir: '/var/lib/mysql/', recursive: true }] },
          action: 'Audit',
        },
      ),
    ],
    steps: [
      {
        in: 'mysql',
        run: ['touch', '/var/lib/mysql/new'],
        expect: 'works',
        alert: audited('audit-data', { Severity: '5', Resource: '/var/lib/mysql/new' }),
      },
    ],
  },
  {
    id: 'SMK-07',
    promise: 'two policies on one pod both hold',
    policies: ['passwd', 'shadow'].map((name) =>
      inWordpress(`block-${name}`, wordpress, {
        file: { matchPaths: [{ path: `/etc/${name}`, fromSource: [{ path: '/bin/cat' }] }] },
        action: 'Block',
      }),
    ),
    steps: [
      { in: 'wordpress', run: ['cat', '/etc/passwd'], expect: 'denied', alert: blocked('block-passwd') },
      { in: 'wordpress', run: ['cat', '/etc/shadow'], expect: 'denied', alert: blocked('block-shadow') },
    ],
  },
  {
    id: 'SMK-08',
    promise: 'a read-only directory cannot be written',
    policies: [
      inWordpress('read-only-shm', wordpress, {
        severity: 5,
        file: { matchDirectories: [{ dir: '/dev/shm/', recursive: true, readOnly: true }] },
        action: 'Block',
      }),
    ],
    steps: [
      {
        in: 'wordpress',
        run: ['touch', '/dev/shm/new'],
        expect: 'denied',
        alert: blocked('read-only-shm', { Severity: '5', Resource: '/dev/shm/new' }),
      },
    ],
  },
];
