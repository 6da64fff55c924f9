import { jsonFormats } from '@kubearmor-ts/schema-maps';
import { ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { readSinkOptions, tlsOptions } from '@kubearmor-ts/sink-net';
import type { SinkConfig, SinkOptionTable } from '@kubearmor-ts/sink-net';

export const splunkOptions = {
  format: { type: 'string', oneOf: jsonFormats, default: 'json', help: 'schema of the events' },
  url: {
    type: 'url',
    isRequired: true,
    help: 'the HTTP Event Collector, https://host:8088; /services/collector is added',
  },
  token: { type: 'secret', isRequired: true, help: 'token of the HTTP Event Collector' },
  index: { type: 'string', default: '', help: 'index to write to; none leaves it to the token' },
  source: { type: 'string', default: 'kubearmor', help: 'source of every event' },
  sourcetype: { type: 'string', default: 'kubearmor:json', help: 'source type of every event' },
  ack: {
    type: 'bool',
    default: true,
    help: 'waits for the indexers when the token has acknowledgement on',
  },
  ackTimeoutMs: {
    type: 'int',
    default: 60_000,
    min: 1000,
    max: 600_000,
    help: 'what is not acknowledged after this is sent again',
  },
  ackPollMs: {
    type: 'int',
    default: 500,
    min: 10,
    max: 60_000,
    help: 'how often is asked for acknowledgements',
  },
  maxRequestBytes: {
    type: 'int',
    default: 1_000_000,
    min: 1000,
    max: 100_000_000,
    help: 'size of a request before compression',
  },
  compression: { type: 'string', oneOf: ['gzip', 'none'], default: 'gzip', help: 'of requests' },
  headers: { type: 'headers', help: 'more headers for every request' },
  timeoutMs: { type: 'int', default: 10_000, min: 100, max: 300_000, help: 'for one request' },
  // Large: with acknowledgement a batch takes as long as the indexers do, whatever its size.
  batchSize: { type: 'int', default: 10_000, min: 1, max: 50_000, help: 'events in a batch' },
  batchDelayMs: {
    type: 'int',
    default: 500,
    min: 0,
    max: 60_000,
    help: 'how long an event waits for company',
  },
  tls: { type: 'object', options: tlsOptions, help: '' },
} as const satisfies SinkOptionTable;

export type SplunkConfig = SinkConfig<typeof splunkOptions>;

/** `value` is one object of the relay's `sinks`, `place` its name in messages: `sinks[2]`. */
export function readSplunkConfig(value: unknown, place: string): Result<SplunkConfig, readonly CodedError[]> {
  const config = readSinkOptions(splunkOptions, value, place);
  if (!config.ok) return config;
  // People copy the address with the path of the event endpoint, which is ours to choose.
  const url = new URL(config.value.url);
  url.pathname = url.pathname.replace(/\/services\/collector(\/event(\/1\.0)?)?\/?$/, '');
  return ok({ ...config.value, url });
}
