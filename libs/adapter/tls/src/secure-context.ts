import type { Server } from 'node:tls';
import type { TlsMaterial } from './check-material.ts';
import type { TlsSource } from './tls-identity.ts';

export interface SecureContext {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2';
}

/** For `https`, `http2` and `tls`. */
export const secureContextOf = (material: TlsMaterial): SecureContext => ({
  ca: material.ca,
  cert: material.certificate,
  key: material.key,
  minVersion: 'TLSv1.2',
});

/** Gives the server every later certificate, until the function it gives back is called. */
export const keepSecureContext = (
  server: Pick<Server, 'setSecureContext'>,
  source: TlsSource,
): (() => void) => source.onChange((material) => server.setSecureContext(secureContextOf(material)));
