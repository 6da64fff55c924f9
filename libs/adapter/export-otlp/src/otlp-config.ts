import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { readSinkOptions, sinkConfigError, tlsOptions } from '@kubearmor-ts/sink-net';
import type { SinkConfig, SinkOptionTable } from '@kubearmor-ts/sink-net';
import type { OtlpTransport } from './delivery.ts';
import { createGrpcTransport } from './grpc-transport.ts';
import { createHttpTransport } from './http-transport.ts';

const connectionOptions = {
  url: {
    type: 'url',
    isRequired: true,
    help: 'the receiver: http://host:4318, https://host:4317; https is TLS for both protocols',
  },
  protocol: { type: 'string', oneOf: ['http', 'grpc'], default: 'http', help: 'http is protobuf over HTTP' },
  headers: { type: 'headers', help: 'headers, or metadata, of every request' },
  compression: { type: 'string', oneOf: ['gzip', 'none'], default: 'gzip', help: 'of requests' },
  timeoutMs: { type: 'int', default: 10_000, min: 100, max: 300_000, help: 'for one request' },
  tls: { type: 'object', options: tlsOptions, help: '' },
} as const satisfies SinkOptionTable;

export const otlpOptions = {
  ...connectionOptions,
  batchSize: { type: 'int', default: 512, min: 1, max: 50_000, help: 'events in a batch and in a request' },
  batchDelayMs: {
    type: 'int',
    default: 100,
    min: 0,
    max: 60_000,
    help: 'how long an event waits for company, when others went just before it',
  },
} as const satisfies SinkOptionTable;

export const otlpMetricsOptions = {
  ...connectionOptions,
  intervalMs: {
    type: 'int',
    default: 15_000,
    min: 100,
    max: 3_600_000,
    help: 'how often metrics are pushed',
  },
  maxSeries: {
    type: 'int',
    default: 2000,
    min: 1,
    max: 100_000,
    help: 'combinations of namespace, policy, action … counted apart; later ones are counted as one',
  },
} as const satisfies SinkOptionTable;

export type OtlpConfig = SinkConfig<typeof otlpOptions>;
export type OtlpMetricsConfig = SinkConfig<typeof otlpMetricsOptions>;

/** `value` is one object of the relay's `sinks`, `place` its name in messages: `sinks[2]`. */
export function readOtlpConfig(value: unknown, place: string): Result<OtlpConfig, readonly CodedError[]> {
  const config = readSinkOptions(otlpOptions, value, place);
  if (!config.ok) return config;
  const errors = checkUrl(config.value, place);
  return errors.length === 0 ? config : fail(errors);
}

export function readOtlpMetricsConfig(
  value: unknown,
  place: string,
): Result<OtlpMetricsConfig, readonly CodedError[]> {
  const config = readSinkOptions(otlpMetricsOptions, value, place);
  if (!config.ok) return config;
  const errors = checkUrl(config.value, place);
  return errors.length === 0 ? ok(config.value) : fail(errors);
}

type Connection = Pick<OtlpConfig, 'url' | 'protocol' | 'headers' | 'compression' | 'timeoutMs' | 'tls'>;

function checkUrl({ url, protocol }: Connection, place: string): readonly CodedError[] {
  if (protocol === 'grpc' && url.pathname !== '/')
    return [sinkConfigError(`${place}.url`, 'must have no path for gRPC')];
  return [];
}

/** The address that a receiver gives is its base; the path of the signal is added unless it is there. */
export function createTransport(
  config: Connection,
  signal: 'logs' | 'metrics',
  deps: { readonly env: Readonly<Record<string, string | undefined>>; readonly nowMs: () => number },
): OtlpTransport {
  const { url, headers, compression, timeoutMs, tls } = config;
  const { env } = deps;
  if (config.protocol === 'grpc') {
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    return createGrpcTransport({
      address: `${url.hostname}:${port}`,
      signal,
      headers,
      compression,
      timeoutMs,
      env,
      ...(url.protocol === 'https:' ? { tls } : {}),
    });
  }
  const target = new URL(url);
  if (!target.pathname.endsWith(`/v1/${signal}`))
    target.pathname = `${target.pathname.replace(/\/+$/, '')}/v1/${signal}`;
  return createHttpTransport({ url: target, headers, compression, timeoutMs, tls, env, nowMs: deps.nowMs });
}
