export { deliverParts, partsBySize } from './deliver-parts.ts';
export type { PartAnswer } from './deliver-parts.ts';
export { eventId, eventIdOf } from './event-id.ts';
export { createHttpSender } from './http-sender.ts';
export type { Authorization, HttpAnswer, HttpRequest, HttpSender, HttpSenderOptions } from './http-sender.ts';
export { excerpt, judgeStatus } from './judge-status.ts';
export { readSecret } from './read-secret.ts';
export { readSinkOptions, sinkConfigError } from './read-sink-options.ts';
export { retryAfterMs } from './retry-after.ts';
export { runtimeKeys, sinkOptionRows, tlsOptions } from './sink-options.ts';
export type {
  Secret,
  SinkConfig,
  SinkOption,
  SinkOptionRow,
  SinkOptionTable,
  TlsConfig,
} from './sink-options.ts';
export { readTlsMaterial } from './tls-files.ts';
export type { TlsMaterial } from './tls-files.ts';
