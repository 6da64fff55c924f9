import { jsonFormats } from '@kubearmor-ts/schema-maps';
import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { readSinkOptions, sinkConfigError, tlsOptions } from '@kubearmor-ts/sink-net';
import type { SinkConfig, SinkOptionTable } from '@kubearmor-ts/sink-net';
import { labelNames } from './loki-streams.ts';

export const lokiOptions = {
  format: { type: 'string', oneOf: jsonFormats, default: 'json', help: 'schema of the events' },
  url: { type: 'url', isRequired: true, help: 'Loki, https://host:3100; /loki/api/v1/push is added' },
  tenant: { type: 'string', default: '', help: 'X-Scope-OrgID of every request' },
  labels: {
    type: 'list',
    oneOf: labelNames,
    default: ['cluster', 'namespace', 'kind', 'level'],
    help: 'fields that become labels; every combination of their values is a stream of its own',
  },
  extraLabels: { type: 'map', help: 'labels with fixed values; service_name=kubearmor unless given' },
  structuredMetadata: {
    type: 'bool',
    default: true,
    help: 'adds pod, container, policy, operation, action, result and process to each line',
  },
  user: { type: 'string', default: '', help: 'for basic authentication' },
  password: { type: 'secret', help: 'for basic authentication' },
  bearer: { type: 'secret', help: 'token for bearer authentication' },
  headers: { type: 'headers', help: 'more headers for every request' },
  compression: { type: 'string', oneOf: ['gzip', 'none'], default: 'gzip', help: 'of requests' },
  maxRequestBytes: {
    type: 'int',
    default: 2_000_000,
    min: 1000,
    max: 100_000_000,
    help: 'size of the lines of a request before compression',
  },
  timeoutMs: { type: 'int', default: 10_000, min: 100, max: 300_000, help: 'for one request' },
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

export type LokiConfig = SinkConfig<typeof lokiOptions>;

/** `value` is one object of the relay's `sinks`, `place` its name in messages: `sinks[2]`. */
export function readLokiConfig(value: unknown, place: string): Result<LokiConfig, readonly CodedError[]> {
  const config = readSinkOptions(lokiOptions, value, place);
  if (!config.ok) return config;
  const { user, password, bearer, extraLabels } = config.value;
  const errors: CodedError[] = [];
  if ((user === '') !== (password === undefined))
    errors.push(sinkConfigError(`${place}.user`, 'and password are given together or not at all'));
  if (password !== undefined && bearer !== undefined)
    errors.push(sinkConfigError(`${place}.bearer`, 'and password exclude each other'));
  for (const name of Object.keys(extraLabels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name.startsWith('__'))
      errors.push(sinkConfigError(`${place}.extraLabels`, 'must have names of letters, digits and _ only'));
  }
  if (errors.length > 0) return fail(errors);
  const url = new URL(config.value.url);
  url.pathname = url.pathname.replace(/\/loki\/api\/v1\/push\/?$/, '');
  return ok({ ...config.value, url });
}
