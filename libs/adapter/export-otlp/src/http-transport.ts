import { createHttpSender } from '@kubearmor-ts/sink-net';
import type { Secret, TlsConfig } from '@kubearmor-ts/sink-net';
import type { Delivery, OtlpTransport } from './delivery.ts';
import { decodeResponse } from './export-response.ts';

export interface HttpTransportOptions {
  /** With path, usually `/v1/logs`. */
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string | Secret>>;
  readonly tls?: TlsConfig;
  readonly compression?: 'none' | 'gzip';
  readonly timeoutMs?: number;
  readonly nowMs: () => number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const retryable = new Set([429, 502, 503, 504]);
const notAllowed = new Set([401, 403, 404, 405]);

const systemTls: TlsConfig = {
  caFile: '',
  certFile: '',
  keyFile: '',
  serverName: '',
  insecureSkipVerify: false,
};

/** OTLP/HTTP with protobuf bodies. */
export function createHttpTransport(options: HttpTransportOptions): OtlpTransport {
  const url = new URL(options.url);
  const path = `${url.pathname}${url.search}`;
  url.pathname = '/';
  url.search = '';
  const headers = Object.entries(options.headers ?? {}).map(([name, value]): [string, Secret] => [
    name,
    typeof value === 'string' ? { from: 'value', value } : value,
  ]);
  const sender = createHttpSender({
    url,
    tls: options.tls ?? systemTls,
    timeoutMs: options.timeoutMs ?? 10_000,
    compression: options.compression ?? 'none',
    headers: Object.fromEntries(headers),
    clock: { wallNs: () => BigInt(Math.round(options.nowMs())) * 1_000_000n },
    env: options.env ?? {},
  });

  async function deliver(request: Uint8Array, signal: AbortSignal): Promise<Delivery> {
    const answer = await sender.send(
      { method: 'POST', path, headers: { 'content-type': 'application/x-protobuf' }, body: request },
      signal,
    );
    if (answer.kind === 'failed') return { kind: 'retry', reason: answer.reason };
    const { status, retryAfterMs } = answer;
    if (status >= 200 && status < 300) return { kind: 'delivered', ...decodeResponse(answer.body) };
    const reason = `HTTP ${String(status)}`;
    if (retryable.has(status))
      return { kind: 'retry', reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
    if (status === 413) return { kind: 'refused', reason, why: 'too large' };
    if (notAllowed.has(status)) return { kind: 'refused', reason, why: 'not allowed' };
    if (status >= 300 && status < 400)
      return { kind: 'refused', reason: `${reason}: redirects are not followed`, why: 'not allowed' };
    return { kind: 'refused', reason };
  }

  return { target: options.url.href, deliver, close: () => sender.close() };
}
