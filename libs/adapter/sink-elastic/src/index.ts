export { elasticOptions, readElasticConfig } from './elastic-config.ts';
export type { ElasticConfig } from './elastic-config.ts';
export { createElasticSink } from './elastic-sink.ts';
export type { ElasticSinkOptions } from './elastic-sink.ts';
export { indexTemplate, templateVersion } from './index-template.ts';
