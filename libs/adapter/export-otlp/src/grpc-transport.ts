import { Client, Metadata, credentials as grpcCredentials, status } from '@grpc/grpc-js';
import type { ChannelCredentials, ServiceError } from '@grpc/grpc-js';
import type { Delivery, OtlpTransport } from './delivery.ts';
import { decodeResponse } from './encode-batch.ts';
import { retryInfoDelay } from './retry-after.ts';

export interface GrpcTransportOptions {
  /** `host:port`. */
  readonly address: string;
  /** Plaintext when absent. */
  readonly credentials?: ChannelCredentials;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const retryable = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

const path = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const identity = (bytes: Buffer): Buffer => bytes;

/** OTLP/gRPC with the same bytes as OTLP/HTTP. */
export function createGrpcTransport(options: GrpcTransportOptions): OtlpTransport {
  const client = new Client(options.address, options.credentials ?? grpcCredentials.createInsecure(), {
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    'grpc.initial_reconnect_backoff_ms': 500,
    'grpc.max_reconnect_backoff_ms': 10_000,
  });
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(options.headers ?? {})) metadata.set(key, value);
  return {
    target: options.address,
    deliver: (request, signal) =>
      new Promise((resolve) => {
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
      }),
    close: () => client.close(),
  };
}

function toDelivery(failure: ServiceError): Delivery {
  const reason = `gRPC ${status[failure.code] ?? String(failure.code)}: ${failure.details}`;
  const [details] = failure.metadata.get('grpc-status-details-bin');
  const afterMs = Buffer.isBuffer(details) ? retryInfoDelay(details) : undefined;
  if (failure.code === status.RESOURCE_EXHAUSTED && afterMs === undefined) return { kind: 'refused', reason };
  if (failure.code !== status.RESOURCE_EXHAUSTED && !retryable.has(failure.code))
    return { kind: 'refused', reason };
  return { kind: 'retry', reason, ...(afterMs === undefined ? {} : { afterMs }) };
}
