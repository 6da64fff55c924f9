import { readFileSync } from 'node:fs';
import type { TlsConfig } from './sink-options.ts';

/** What `tls.connect` takes. */
export interface TlsMaterial {
  readonly minVersion: 'TLSv1.2';
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/** Throws when a file cannot be read: no connection is made with less than what was asked for. */
export function readTlsMaterial(config: TlsConfig): TlsMaterial {
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: !config.insecureSkipVerify,
    ...(config.caFile === '' ? {} : { ca: readFileSync(config.caFile) }),
    ...(config.certFile === '' ? {} : { cert: readFileSync(config.certFile) }),
    ...(config.keyFile === '' ? {} : { key: readFileSync(config.keyFile) }),
    ...(config.serverName === '' ? {} : { servername: config.serverName }),
  };
}
