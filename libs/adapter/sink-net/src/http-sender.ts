/**
 * HTTP requests to one receiver.
 *
 *  1. A request ends within its time limit, whatever the peer does: no answer, half an answer, an endless one.
 *  2. Redirects are not followed: a token would go where nobody configured it to go.
 *  3. An answer is kept up to a bound; the rest is not read.
 *  4. Certificates and secrets are read anew, for a connection and for a request: both may be renewed in place.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '@kubearmor-ts/life';
import { ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';

import { Pool, buildConnector } from 'undici';
import { readSecret } from './read-secret.ts';
import { retryAfterMs } from './retry-after.ts';
import type { Secret, TlsConfig } from './sink-options.ts';
import { readTlsMaterial } from './tls-files.ts';

export interface HttpSenderOptions {
  /** Its path goes before the path of every request. */
  readonly url: URL;
  readonly tls: TlsConfig;
  /** For one request, from the first byte to the last. */
  readonly timeoutMs: number;
  readonly compression: 'none' | 'gzip';
  readonly headers: Readonly<Record<string, Secret>>;
  readonly authorization?: Authorization;
  readonly clock: Pick<Clock, 'wallNs'>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Authorization =
  /** `Bearer`, `Splunk`, `ApiKey`: the word before the secret. */
  { readonly scheme: string; readonly secret: Secret } | { readonly user: string; readonly password: Secret };

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** More of the answer than this is not read. */
  readonly maxAnswerBytes?: number;
}

export type HttpAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: Buffer;
      /** The answer was longer than what is kept of it. */
      readonly isCut: boolean;
      readonly retryAfterMs?: number;
    }
  /** Nobody answered, or not in time, or there is no secret to ask with. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface HttpSender {
  /** For messages: where it sends to, without secrets. */
  readonly target: string;
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
}

const compress = promisify(gzip);
const usualAnswerBytes = 64 * 1024;

export function createHttpSender(options: HttpSenderOptions): HttpSender {
  const { url, timeoutMs, clock } = options;
  const connectTimeoutMs = Math.min(timeoutMs, 10_000);
  const pool = new Pool(url.origin, {
    connections: 4,
    pipelining: 1,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    // Shorter than what load balancers keep, so that a request rarely meets a connection that was just closed.
    keepAliveTimeout: 15_000,
    connect: (target, callback) => {
      try {
        const { servername, ...material } = readTlsMaterial(options.tls);
        const connect = buildConnector({ ...material, timeout: connectTimeoutMs });
        connect(servername === undefined ? target : { ...target, servername }, callback);
      } catch (cause) {
        callback(cause instanceof Error ? cause : new Error(String(cause)), null);
      }
    },
  });
  const basePath = url.pathname.replace(/\/+$/, '');

  async function send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const credentials = await readHeaders(options);
    if (!credentials.ok) return { kind: 'failed', reason: credentials.error };
    const headers = { ...request.headers, ...credentials.value };
    let body = request.body;
    if (body !== undefined && options.compression === 'gzip') {
      body = await compress(body);
      headers['content-encoding'] = 'gzip';
    }
    const response = await pool.request({
      method: request.method,
      path: `${basePath}${request.path}`,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const answer = await readBounded(response.body, request.maxAnswerBytes ?? usualAnswerBytes);
    const header = response.headers['retry-after'];
    const wait = retryAfterMs(
      Array.isArray(header) ? header[0] : header,
      Number(clock.wallNs() / 1_000_000n),
    );
    return {
      kind: 'answer',
      status: response.statusCode,
      ...answer,
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    };
  }

  return {
    target: `${url.origin}${basePath}`,
    send: (request, signal) =>
      send(request, signal).catch((failure: unknown) => ({ kind: 'failed', reason: failureText(failure) })),
    close: () => pool.destroy(),
  };
}

async function readHeaders(
  options: Pick<HttpSenderOptions, 'headers' | 'authorization' | 'env'>,
): Promise<Result<Record<string, string>, string>> {
  const headers: Record<string, string> = {};
  for (const [name, secret] of Object.entries(options.headers)) {
    const value = await readSecret(secret, options.env);
    if (!value.ok) return value;
    headers[name] = value.value;
  }
  const { authorization } = options;
  if (authorization === undefined) return ok(headers);
  const isBasic = 'user' in authorization;
  const secret = await readSecret(isBasic ? authorization.password : authorization.secret, options.env);
  if (!secret.ok) return secret;
  headers['authorization'] = isBasic
    ? `Basic ${Buffer.from(`${authorization.user}:${secret.value}`).toString('base64')}`
    : `${authorization.scheme} ${secret.value}`;
  return ok(headers);
}

async function readBounded(
  stream: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<{ readonly body: Buffer; readonly isCut: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    if (size + chunk.length > maxBytes) {
      chunks.push(chunk.subarray(0, maxBytes - size));
      return { body: Buffer.concat(chunks), isCut: true };
    }
    size += chunk.length;
    chunks.push(chunk);
  }
  return { body: Buffer.concat(chunks), isCut: false };
}

/** The innermost reason: outer ones say only that something failed. */
function failureText(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  if (failure.cause instanceof Error) return failureText(failure.cause);
  const code = 'code' in failure && typeof failure.code === 'string' ? failure.code : undefined;
  if (failure.name === 'TimeoutError') return 'no answer in time';
  return failure.message === '' ? (code ?? failure.name) : failure.message;
}
