import type { ReadyCheck } from '@kubearmor-ts/http';
import type { TlsIdentity } from './tls-identity.ts';

/** Not ready while peers must refuse the certificate in use; newer files that are refused are only told. */
export function tlsReadyCheck(name: string, identity: TlsIdentity): ReadyCheck {
  const problem = identity.problem();
  return {
    name,
    isReady: identity.expiry() === undefined,
    reason: problem === undefined ? 'the certificate is valid' : `${problem.code} ${problem.message}`,
  };
}
