import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Delivery, OtlpTransport } from './delivery.ts';
import { decodeResponse } from './encode-batch.ts';
import { retryAfterHeader } from './retry-after.ts';

export interface HttpTransportOptions {
  /** With path, usually `/v1/logs`. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly compression?: 'none' | 'gzip';
  readonly timeoutMs?: number;
  readonly nowMs: () => number;
}

const retryable = new Set([429, 502, 503, 504]);
const compress = promisify(gzip);
/** An answer has a few bytes; what is longer is not from an OTLP receiver. */
const longestAnswer = 64 * 1024;

/** OTLP/HTTP with protobuf bodies. */
export function createHttpTransport(options: HttpTransportOptions): OtlpTransport {
  const headers: Record<string, string> = { ...options.headers, 'content-type': 'application/x-protobuf' };
  if (options.compression === 'gzip') headers['content-encoding'] = 'gzip';

  async function post(request: Uint8Array, signal: AbortSignal): Promise<Delivery> {
    const body = options.compression === 'gzip' ? await compress(request) : request;
    const response = await fetch(options.url, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs ?? 10_000)]),
    });
    const answer = await readBounded(response);
    if (response.ok) return { kind: 'delivered', ...decodeResponse(answer) };
    const reason = `HTTP ${String(response.status)}`;
    if (!retryable.has(response.status)) return { kind: 'refused', reason };
    const afterMs = retryAfterHeader(response.headers.get('retry-after'), options.nowMs());
    return { kind: 'retry', reason, ...(afterMs === undefined ? {} : { afterMs }) };
  }

  return {
    target: options.url.href,
    deliver: (request, signal) =>
      post(request, signal).catch((failure: unknown) => ({ kind: 'retry', reason: failureText(failure) })),
    close: () => undefined,
  };
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > longestAnswer) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** fetch says only "fetch failed"; the reason is one level down. */
function failureText(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  return failure.cause instanceof Error ? failure.cause.message : failure.message;
}
