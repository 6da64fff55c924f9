import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificates {
  readonly caFile: string;
  /** For 127.0.0.1 and the name `receiver.test`. */
  readonly server: {
    readonly cert: Buffer;
    readonly key: Buffer;
    readonly certFile: string;
    readonly keyFile: string;
  };
  /** Its common name is `relay`. */
  readonly client: { readonly certFile: string; readonly keyFile: string };
  readonly ca: Buffer;
}

/** An authority, a server and a client certificate in `dir`, good for a day. Node itself issues none. */
export function makeCertificates(dir: string): Certificates {
  const at = (name: string): string => join(dir, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '1',
    '-subj',
    '/CN=test authority',
  );
  const issue = (name: string, subject: string, extensions: string): void => {
    writeFileSync(at(`${name}.ext`), extensions);
    openssl('req', ...key, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', subject);
    openssl(
      ...[
        'x509',
        '-req',
        '-in',
        at(`${name}.csr`),
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
        '-CAcreateserial',
      ],
      ...['-out', at(`${name}.pem`), '-days', '1', '-extfile', at(`${name}.ext`)],
    );
  };
  issue(
    'server',
    '/CN=receiver',
    'subjectAltName=IP:127.0.0.1,DNS:receiver.test\nextendedKeyUsage=serverAuth\n',
  );
  issue('client', '/CN=relay', 'extendedKeyUsage=clientAuth\n');
  const files = (name: string) => ({ certFile: at(`${name}.pem`), keyFile: at(`${name}.key`) });
  return {
    caFile: at('ca.pem'),
    ca: readFileSync(at('ca.pem')),
    server: { ...files('server'), cert: readFileSync(at('server.pem')), key: readFileSync(at('server.key')) },
    client: files('client'),
  };
}
