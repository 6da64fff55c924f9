import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { KubeRequest, KubeResponse, KubeTransport } from './transport.ts';

/** Where the API server is and what proves to it who asks. */
export interface KubeEndpoint {
  readonly server: URL;
  /** Asked before every request, so that a rotated token or client certificate is used at once. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Readonly<{
    ca?: string | Buffer;
    cert?: string | Buffer;
    key?: string | Buffer;
    servername?: string;
    rejectUnauthorized?: boolean;
  }>;
}

const keepAliveMs = 15_000;

/**
 * HTTP/1.1 connections of its own. Whoever must not wait behind others, as the leader election must not behind a
 * thousand lists, makes a transport of its own.
 */
export function createNodeTransport(endpoint: KubeEndpoint, maxSockets = 64): KubeTransport {
  const isTls = endpoint.server.protocol === 'https:';
  const limits = { keepAlive: true, keepAliveMsecs: keepAliveMs, maxSockets };
  const agent = isTls ? new HttpsAgent(limits) : new HttpAgent(limits);
  const base = endpoint.server.pathname.replace(/\/$/, '');

  return {
    async send(request) {
      const { headers, tls } = await endpoint.credentials();
      const options: RequestOptions = {
        method: request.method,
        hostname: endpoint.server.hostname.replace(/^\[|\]$/g, ''),
        port: endpoint.server.port,
        path: `${base}${request.path}${queryText(request.query)}`,
        headers: { ...request.headers, ...headers, ...bodyHeaders(request.body) },
        agent,
        signal: request.signal,
        ...(isTls ? tls : {}),
      };
      return new Promise<KubeResponse>((resolve, reject) => {
        const sent = (isTls ? httpsRequest : httpRequest)(options, (answer) => resolve(responseOf(answer)));
        sent.on('socket', (socket) => socket.setKeepAlive(true, keepAliveMs));
        sent.on('error', reject);
        sent.end(request.body);
      });
    },
    close: () => agent.destroy(),
  };
}

const responseOf = (answer: IncomingMessage): KubeResponse => ({
  status: answer.statusCode ?? 0,
  headers: answer.headers,
  body: answer,
});

const queryText = (query: KubeRequest['query']): string =>
  query === undefined || Object.keys(query).length === 0 ? '' : `?${new URLSearchParams(query).toString()}`;

const bodyHeaders = (body: string | undefined): Record<string, string> =>
  body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
