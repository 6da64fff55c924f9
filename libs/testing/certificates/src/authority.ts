import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LeafOptions {
  /** `DNS:localhost`, `IP:127.0.0.1` … */
  readonly names?: readonly string[];
  /** The validity begins and ends so many days from now. */
  readonly fromDays?: number;
  readonly toDays?: number;
  /** As openssl writes it; what the project's own components show when absent. */
  readonly subject?: string;
  /** Extended key usage; the usual one for the name of the file when absent. */
  readonly usage?: string;
}

export interface Authority {
  /** PEM of its certificate. */
  readonly certificate: string;
  issue(
    name: 'server' | 'client',
    options?: LeafOptions,
  ): { readonly certificate: string; readonly key: string };
  /** Writes `<name>.crt`, `<name>.key` and `ca.crt` into the directory, each in one step. */
  install(directory: string, name: 'server' | 'client', options?: LeafOptions): void;
}

const dayMs = 86_400_000;

/** A new authority; its files are gone when the cleanup handed over is run. */
export function createAuthority(onCleanup: (cleanup: () => void) => void): Authority {
  const dir = mkdtempSync(join(tmpdir(), 'ka-ca-'));
  onCleanup(() => rmSync(dir, { recursive: true, force: true }));
  const openssl = (...args: readonly string[]): string =>
    execFileSync('openssl', args, { cwd: dir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const newKey = (file: string): void => {
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', file);
  };
  const time = (days: number): string =>
    new Date(Date.now() + days * dayMs).toISOString().replace(/[-:T]|\.\d+/g, '');

  newKey('ca.key');
  openssl(
    'req',
    '-x509',
    '-new',
    '-key',
    'ca.key',
    '-days',
    '30',
    '-subj',
    '/O=kubearmor/CN=test ca',
    '-out',
    'ca.crt',
  );
  writeFileSync(join(dir, 'index.txt'), '');
  writeFileSync(
    join(dir, 'ca.cnf'),
    '[ca]\ndefault_ca=test\n[test]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n' +
      'unique_subject=no\npolicy=any\ncopy_extensions=none\n[any]\nO=optional\nCN=supplied\n',
  );
  const certificate = openssl('x509', '-in', 'ca.crt');
  let count = 0;

  const issue: Authority['issue'] = (name, options = {}) => {
    const base = `leaf${String((count += 1))}`;
    const names = options.names ?? (name === 'server' ? ['DNS:localhost', 'IP:127.0.0.1'] : []);
    const usage = options.usage ?? (name === 'server' ? 'serverAuth' : 'clientAuth');
    writeFileSync(
      join(dir, `${base}.ext`),
      `basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=${usage}\n` +
        (names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`),
    );
    newKey(`${base}.key`);
    openssl(
      'req',
      '-new',
      '-key',
      `${base}.key`,
      '-subj',
      options.subject ?? '/O=kubearmor/CN=kubearmor',
      '-out',
      `${base}.csr`,
    );
    openssl(
      ...['ca', '-batch', '-notext', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key'],
      ...['-extfile', `${base}.ext`, '-in', `${base}.csr`, '-out', `${base}.crt`],
      ...['-startdate', time(options.fromDays ?? -1), '-enddate', time(options.toDays ?? 2)],
    );
    return { certificate: openssl('x509', '-in', `${base}.crt`), key: openssl('pkey', '-in', `${base}.key`) };
  };

  return {
    certificate,
    issue,
    install: (directory, name, options) => {
      const leaf = issue(name, options);
      const put = (file: string, text: string): void => {
        writeFileSync(join(directory, `${file}.new`), text);
        renameSync(join(directory, `${file}.new`), join(directory, file));
      };
      put('ca.crt', certificate);
      put(`${name}.key`, leaf.key);
      put(`${name}.crt`, leaf.certificate);
    },
  };
}
