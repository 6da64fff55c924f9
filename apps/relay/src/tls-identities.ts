import type { Clock } from '@kubearmor-ts/life';
import type { Logger } from '@kubearmor-ts/telemetry';
import { clientFiles, createTlsIdentity, serverFiles } from '@kubearmor-ts/tls';
import type { TlsIdentity } from '@kubearmor-ts/tls';

/** What the relay shows to its clients, and what it shows to agents. */
export interface TlsIdentities {
  readonly server: TlsIdentity;
  readonly client: TlsIdentity;
}

export interface TlsSettings {
  readonly tlsEnabled: boolean;
  readonly tlsCertPath: string;
  readonly tlsNames: readonly string[];
}

/** Undefined without TLS. */
export function createTlsIdentities(
  settings: TlsSettings,
  clock: Clock,
  logger: Logger,
): TlsIdentities | undefined {
  if (!settings.tlsEnabled) return undefined;
  const create = (usage: 'server' | 'client', names: readonly string[]): TlsIdentity => {
    const files = (usage === 'server' ? serverFiles : clientFiles)(settings.tlsCertPath);
    return createTlsIdentity({
      files,
      usage,
      names,
      clock,
      onLook: (outcome) => {
        if (outcome === 'replaced') logger.info({ file: files.certificate }, 'certificate replaced');
        else logger.warn({ code: outcome.code, file: outcome.object }, outcome.message);
      },
    });
  };
  return { server: create('server', settings.tlsNames), client: create('client', []) };
}
