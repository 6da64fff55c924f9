import { LogServiceService } from '@kubearmor-ts/proto';

const identity = (bytes: Buffer): Buffer => bytes;

const raw = { responseSerialize: identity, responseDeserialize: identity } as const;

/**
 * LogService whose stream messages stay bytes on both sides: a server shares one encoded Buffer among its
 * subscribers, and a relay forwards fields it does not know.
 */
export const rawLogServiceDefinition = {
  healthCheck: LogServiceService.healthCheck,
  watchMessages: { ...LogServiceService.watchMessages, ...raw },
  watchAlerts: { ...LogServiceService.watchAlerts, ...raw },
  watchLogs: { ...LogServiceService.watchLogs, ...raw },
} as const;
