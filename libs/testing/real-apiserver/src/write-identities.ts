import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority } from '@kubearmor-ts/certificates';

export interface UserOptions {
  readonly name: string;
  readonly groups?: readonly string[];
}

export interface Identities {
  readonly ca: string;
  /** The administrator's, by client certificate. */
  readonly admin: { readonly certificate: string; readonly key: string };
  /** Bearer tokens by name of user. */
  readonly tokens: ReadonlyMap<string, string>;
}

/** The files that the API server is started with, in its directory. */
export function writeIdentities(directory: string, users: readonly UserOptions[]): Identities {
  let forget: () => void = () => undefined;
  const authority = createAuthority((cleanup) => {
    forget = cleanup;
  });
  authority.install(directory, 'server', { names: ['IP:127.0.0.1', 'DNS:kubernetes.default.svc'] });
  const admin = authority.issue('client', { subject: '/O=system:masters/CN=admin' });
  forget();
  const accounts = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  writeFileSync(join(directory, 'accounts.pub'), accounts.publicKey);
  writeFileSync(join(directory, 'accounts.key'), accounts.privateKey);
  const tokens = new Map(users.map(({ name }) => [name, randomBytes(16).toString('hex')]));
  const row = ({ name, groups = [] }: UserOptions): string =>
    `${tokens.get(name) ?? ''},${name},${name},"${groups.join(',')}"\n`;
  writeFileSync(join(directory, 'tokens.csv'), users.map(row).join(''));
  return { ca: authority.certificate, admin, tokens };
}
