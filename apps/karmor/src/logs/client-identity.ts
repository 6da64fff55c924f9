import { createRealClock } from '@kubearmor-ts/life';
import { TlsError, clientFiles, createTlsIdentity } from '@kubearmor-ts/tls';
import type { TlsIdentity } from '@kubearmor-ts/tls';

export interface SecureFlags {
  readonly tlsCertPath: string;
  readonly tlsCertProvider: 'self' | 'external';
}

/** The client certificate in the directory; it lives until the signal fires. */
export async function readClientIdentity(flags: SecureFlags, signal: AbortSignal): Promise<TlsIdentity> {
  const identity = createTlsIdentity({
    files: clientFiles(flags.tlsCertPath),
    usage: 'client',
    clock: createRealClock(),
  });
  try {
    await identity.start(signal);
  } catch (cause) {
    if (!(cause instanceof TlsError) || flags.tlsCertProvider === 'external') throw cause;
    throw new Error(
      `${cause.message}\nThis version neither makes a client certificate nor reads the CA from the cluster:` +
        ` put ca.crt, client.crt and client.key of the secret kubearmor-client-certs into ${flags.tlsCertPath},` +
        ` or name another directory with --tlsCertPath`,
      { cause },
    );
  }
  const expiry = identity.expiry();
  if (expiry !== undefined) throw new TlsError([expiry]);
  return identity;
}
