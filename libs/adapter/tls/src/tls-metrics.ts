import type { Metrics, Sample } from '@kubearmor-ts/telemetry';
import type { TlsIdentity } from './tls-identity.ts';

/** `prefix` is that of the app: `ka_relay`. */
export function addTlsMetrics(metrics: Metrics, prefix: string, identities: readonly TlsIdentity[]): void {
  const each = (read: (identity: TlsIdentity) => number): Sample[] =>
    identities.map((identity) => ({
      labels: { certificate: identity.files.certificate },
      value: read(identity),
    }));
  metrics.gauge(
    `${prefix}_tls_expiry_timestamp_seconds`,
    'Unix time at which the certificate in use ends',
    () =>
      each(
        (identity) =>
          (identity.validity().find((row) => row.field === 'certificate')?.notAfterMs ?? 0) / 1000,
      ),
  );
  metrics.gauge(
    `${prefix}_tls_problem`,
    '1 while the certificate in use is outside its time, or newer files are refused',
    () => each((identity) => Number(identity.problem() !== undefined)),
  );
  metrics.counter(`${prefix}_tls_replaced_total`, 'certificates replaced while running', () =>
    each((identity) => identity.counts.replaced),
  );
  metrics.counter(`${prefix}_tls_refused_total`, 'changes of certificate files that were not usable', () =>
    each((identity) => identity.counts.refused),
  );
}
