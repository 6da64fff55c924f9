import { jsonFormats } from '@kubearmor-ts/schema-maps';
import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { readSinkOptions, sinkConfigError, tlsOptions } from '@kubearmor-ts/sink-net';
import type { Secret, SinkConfig, SinkOptionTable } from '@kubearmor-ts/sink-net';

export const elasticOptions = {
  format: { type: 'string', oneOf: jsonFormats, default: 'json', help: 'schema of the events' },
  url: { type: 'url', isRequired: true, help: 'Elasticsearch or OpenSearch, https://host:9200' },
  alerts: {
    type: 'string',
    default: 'logs-kubearmor.alerts-default',
    help: 'data stream or index that alerts are written to',
  },
  logs: {
    type: 'string',
    default: 'logs-kubearmor.logs-default',
    help: 'data stream or index that logs are written to',
  },
  template: {
    type: 'string',
    oneOf: ['data-stream', 'index', 'none'],
    default: 'data-stream',
    help: 'index template to put at the start, unless one of this version is there',
  },
  templateName: { type: 'string', default: 'kubearmor-ts', help: 'name of the index template' },
  templatePriority: {
    type: 'int',
    default: 300,
    min: 0,
    max: 100_000,
    help: 'above that of the receiver’s own templates for logs-*-*',
  },
  pipeline: { type: 'string', default: '', help: 'ingest pipeline to send the documents through' },
  user: { type: 'string', default: '', help: 'for basic authentication' },
  password: { type: 'secret', help: 'for basic authentication' },
  apiKey: { type: 'secret', help: 'API key, base64 of id:key as the receiver gives it' },
  bearer: { type: 'secret', help: 'token for bearer authentication' },
  headers: { type: 'headers', help: 'more headers for every request' },
  compression: { type: 'string', oneOf: ['gzip', 'none'], default: 'gzip', help: 'of requests' },
  maxRequestBytes: {
    type: 'int',
    default: 5_000_000,
    min: 1000,
    max: 100_000_000,
    help: 'size of a request before compression',
  },
  timeoutMs: { type: 'int', default: 30_000, min: 100, max: 300_000, help: 'for one request' },
  batchSize: { type: 'int', default: 2000, min: 1, max: 50_000, help: 'events in a batch' },
  batchDelayMs: {
    type: 'int',
    default: 1000,
    min: 0,
    max: 60_000,
    help: 'how long an event waits for company',
  },
  tls: { type: 'object', options: tlsOptions, help: '' },
} as const satisfies SinkOptionTable;

export type ElasticConfig = SinkConfig<typeof elasticOptions>;

/** `value` is one object of the relay's `sinks`, `place` its name in messages: `sinks[2]`. */
export function readElasticConfig(
  value: unknown,
  place: string,
): Result<ElasticConfig, readonly CodedError[]> {
  const config = readSinkOptions(elasticOptions, value, place);
  if (!config.ok) return config;
  const errors: CodedError[] = [];
  const { user, password, apiKey, bearer } = config.value;
  if ((user === '') !== (password === undefined))
    errors.push(sinkConfigError(`${place}.user`, 'and password are given together or not at all'));
  const ways = [password, apiKey, bearer].filter((secret: Secret | undefined) => secret !== undefined);
  if (ways.length > 1)
    errors.push(sinkConfigError(`${place}.apiKey`, 'is one of several ways to authenticate: give one'));
  for (const key of ['alerts', 'logs', 'templateName'] as const)
    if (!isIndexName(config.value[key]))
      errors.push(sinkConfigError(`${place}.${key}`, 'must be a name in lower case without "*?\\/<>|, #:'));
  return errors.length === 0 ? ok(config.value) : fail(errors);
}

const isIndexName = (name: string): boolean =>
  /^[^-_+."*?\\/<>|, #:A-Z][^"*?\\/<>|, #:A-Z]*$/.test(name) && Buffer.byteLength(name) <= 255;
