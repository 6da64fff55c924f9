export { readSplunkConfig, splunkOptions } from './splunk-config.ts';
export type { SplunkConfig } from './splunk-config.ts';
export { createSplunkSink } from './splunk-sink.ts';
export type { SplunkSinkOptions } from './splunk-sink.ts';
