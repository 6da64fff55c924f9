import {
  createGrpcTransport,
  createHttpTransport,
  createOtlpSink as createSecureOtlpSink,
  readOtlpConfig,
} from '@kubearmor-ts/export-otlp';
import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { isAddress, logsUrl } from './check-config.ts';
import { createOtlpSink } from './otlp-sink.ts';
import { sinkError, sinkRuntimeKeys } from './read-sink-spec.ts';
import { made } from './sink-factory.ts';
import type { SinkFactory } from './sink-factory.ts';

interface Common {
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'none' | 'gzip';
}

/** With TLS, secrets from files and both protocols. */
export const otlpSink: SinkFactory = made(readOtlpConfig, (config, { clock, env }) =>
  createSecureOtlpSink({ config, clock, env }),
);

export const otlpHttpSink: SinkFactory = (value, place, { clock }) => {
  const common = readCommon(value, place, ['url', 'headers', 'compression']);
  const url = typeof value['url'] === 'string' ? logsUrl(value['url']) : undefined;
  if (url === undefined) return fail([sinkError(`${place}.url`, 'must be an http or https URL')]);
  if (!common.ok) return common;
  const nowMs = (): number => Number(clock.wallNs() / 1_000_000n);
  return ok(createOtlpSink('otlp-http', createHttpTransport({ url, ...common.value, nowMs }), clock));
};

export const otlpGrpcSink: SinkFactory = (value, place, { clock }) => {
  const common = readCommon(value, place, ['address', 'headers']);
  const { address } = value;
  if (typeof address !== 'string' || !isAddress(address))
    return fail([sinkError(`${place}.address`, 'must be host:port')]);
  if (!common.ok) return common;
  const { headers } = common.value;
  return ok(createOtlpSink('otlp-grpc', createGrpcTransport({ address, headers }), clock));
};

function readCommon(
  value: Readonly<Record<string, unknown>>,
  place: string,
  keys: readonly string[],
): Result<Common, readonly CodedError[]> {
  const errors = Object.keys(value)
    .filter((key) => !keys.includes(key) && !sinkRuntimeKeys.includes(key))
    .map((key) => sinkError(`${place}.${key}`, 'is not a key of this sink'));
  const { headers = {}, compression = 'gzip' } = value;
  const isMap =
    typeof headers === 'object' &&
    headers !== null &&
    Object.values(headers).every((text) => typeof text === 'string');
  if (!isMap) errors.push(sinkError(`${place}.headers`, 'must be an object of texts'));
  if (compression !== 'gzip' && compression !== 'none')
    errors.push(sinkError(`${place}.compression`, 'must be gzip or none'));
  if (errors.length > 0) return fail(errors);
  return ok({
    headers: headers as Readonly<Record<string, string>>,
    compression: compression === 'none' ? 'none' : 'gzip',
  });
}
