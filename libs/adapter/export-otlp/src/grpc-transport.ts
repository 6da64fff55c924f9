import { Client, Metadata, credentials as grpcCredentials, status } from '@grpc/grpc-js';
import type { ChannelCredentials, ServiceError } from '@grpc/grpc-js';
import { readSecret, readTlsMaterial } from '@kubearmor-ts/sink-net';
import type { Secret, TlsConfig } from '@kubearmor-ts/sink-net';
import type { Delivery, OtlpTransport, Refusal } from './delivery.ts';
import { decodeResponse } from './export-response.ts';
import { retryInfoDelay } from './retry-info.ts';

export interface GrpcTransportOptions {
  /** `host:port`. */
  readonly address: string;
  readonly signal?: 'logs' | 'metrics';
  /** Plaintext when absent. Its files are read again after a failure, so certificates may be renewed in place. */
  readonly tls?: TlsConfig;
  readonly headers?: Readonly<Record<string, string | Secret>>;
  readonly compression?: 'none' | 'gzip';
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const retryable = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

const paths = {
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
} as const;
const identity = (bytes: Buffer): Buffer => bytes;
const gzipAlgorithm = 2;

/** OTLP/gRPC with the same bytes as OTLP/HTTP. */
export function createGrpcTransport(options: GrpcTransportOptions): OtlpTransport {
  let client: Client | undefined;
  const path = paths[options.signal ?? 'logs'];

  function call(
    client: Client,
    request: Uint8Array,
    metadata: Metadata,
    signal: AbortSignal,
  ): Promise<Delivery> {
    return new Promise((resolve) => {
      const body = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
      const deadline = Date.now() + (options.timeoutMs ?? 10_000);
      const cancel = (): void => call.cancel();
      const call = client.makeUnaryRequest(
        path,
        identity,
        identity,
        body,
        metadata,
        { deadline },
        (failure, answer) => {
          signal.removeEventListener('abort', cancel);
          if (failure !== null) resolve(toDelivery(failure));
          else resolve({ kind: 'delivered', ...decodeResponse(answer ?? Buffer.alloc(0)) });
        },
      );
      signal.addEventListener('abort', cancel, { once: true });
      if (signal.aborted) cancel();
    });
  }

  async function deliver(request: Uint8Array, signal: AbortSignal): Promise<Delivery> {
    const metadata = new Metadata();
    try {
      for (const [key, value] of Object.entries(options.headers ?? {})) {
        const read =
          typeof value === 'string'
            ? ({ ok: true, value } as const)
            : await readSecret(value, options.env ?? {});
        if (!read.ok) return { kind: 'retry', reason: read.error };
        metadata.set(key, read.value);
      }
      client ??= createClient(options);
    } catch (cause) {
      return { kind: 'retry', reason: cause instanceof Error ? cause.message : String(cause) };
    }
    const delivery = await call(client, request, metadata, signal);
    if (delivery.kind === 'retry' && options.tls !== undefined) {
      client.close();
      client = undefined;
    }
    return delivery;
  }

  return { target: options.address, deliver, close: () => client?.close() };
}

function createClient({ address, tls, compression }: GrpcTransportOptions): Client {
  return new Client(address, tls === undefined ? grpcCredentials.createInsecure() : credentialsOf(tls), {
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    'grpc.initial_reconnect_backoff_ms': 500,
    'grpc.max_reconnect_backoff_ms': 10_000,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // Channels of equal options share a connection, which would keep an old certificate in use.
    'grpc.use_local_subchannel_pool': 1,
    ...(compression === 'gzip' ? { 'grpc.default_compression_algorithm': gzipAlgorithm } : {}),
    ...(tls === undefined || tls.serverName === ''
      ? {}
      : { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName }),
  });
}

function credentialsOf(tls: TlsConfig): ChannelCredentials {
  const { ca, key, cert, rejectUnauthorized } = readTlsMaterial(tls);
  return grpcCredentials.createSsl(ca ?? null, key ?? null, cert ?? null, { rejectUnauthorized });
}

function toDelivery(failure: ServiceError): Delivery {
  const reason = `gRPC ${status[failure.code] ?? String(failure.code)}: ${failure.details}`;
  const [details] = failure.metadata.get('grpc-status-details-bin');
  const afterMs = Buffer.isBuffer(details) ? retryInfoDelay(details) : undefined;
  const isBusy = failure.code === status.RESOURCE_EXHAUSTED && afterMs !== undefined;
  if (isBusy || retryable.has(failure.code))
    return { kind: 'retry', reason, ...(afterMs === undefined ? {} : { afterMs }) };
  const why = refusalOf(failure);
  return { kind: 'refused', reason, ...(why === undefined ? {} : { why }) };
}

function refusalOf(failure: ServiceError): Refusal | undefined {
  switch (failure.code) {
    case status.RESOURCE_EXHAUSTED:
      return /larger than max/.test(failure.details) ? 'too large' : 'not allowed';
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
    case status.UNIMPLEMENTED:
      return 'not allowed';
    default:
      return undefined;
  }
}
