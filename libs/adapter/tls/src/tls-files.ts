import { join } from 'node:path';
import type { TlsField } from './errors.ts';

/** Where one end finds what it shows and what it trusts. */
export type TlsFiles = Readonly<Record<TlsField, string>>;

/** As secrets are mounted: the relay and the agents show `server.crt`. */
export const serverFiles = (directory: string): TlsFiles => ({
  ca: join(directory, 'ca.crt'),
  certificate: join(directory, 'server.crt'),
  key: join(directory, 'server.key'),
});

/** The relay towards agents, and `karmor`. */
export const clientFiles = (directory: string): TlsFiles => ({
  ca: join(directory, 'ca.crt'),
  certificate: join(directory, 'client.crt'),
  key: join(directory, 'client.key'),
});
