export { lokiOptions, readLokiConfig } from './loki-config.ts';
export type { LokiConfig } from './loki-config.ts';
export { createLokiSink } from './loki-sink.ts';
export type { LokiSinkOptions } from './loki-sink.ts';
