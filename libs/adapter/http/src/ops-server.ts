import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One thing that must hold for the process to do its work. */
export interface ReadyCheck {
  readonly name: string;
  readonly isReady: boolean;
  /** What a user should know when it is not. */
  readonly reason?: string;
}

export interface OpsServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly readyChecks: () => readonly ReadyCheck[];
  readonly metrics: () => string;
  /** Further things to look at, by path; each is answered as JSON. */
  readonly pages?: Readonly<Record<string, () => unknown>>;
}

/** Starts and stops as `life` wants it. */
export interface OpsServer {
  readonly name: string;
  readonly port: number;
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** /healthz (the process answers), /readyz (it can do its work), /metrics (Prometheus text). */
export function createOpsServer(options: OpsServerOptions): OpsServer {
  const { pages = {} } = options;
  const known = ['/healthz', '/readyz', '/metrics', ...Object.keys(pages)];
  const server: Server = createServer(
    { requestTimeout: 10_000, maxHeaderSize: 8192 },
    (request, response) => {
      // Probes and scrapes come seconds apart: a kept connection would meet the idle timeout as often as not.
      response.setHeader('connection', 'close');
      const path = (request.url ?? '').split('?', 1)[0];
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        send(response, 405, 'text/plain; charset=utf-8', 'only GET\n');
      } else if (path === '/healthz') {
        send(response, 200, 'text/plain; charset=utf-8', 'ok\n');
      } else if (path === '/readyz') {
        const checks = options.readyChecks();
        const isReady = checks.every((check) => check.isReady);
        send(response, isReady ? 200 : 503, 'application/json', `${JSON.stringify({ isReady, checks })}\n`);
      } else if (path === '/metrics') {
        send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', options.metrics());
      } else {
        const page = Object.hasOwn(pages, path ?? '') ? pages[path ?? ''] : undefined;
        if (page !== undefined) send(response, 200, 'application/json', `${JSON.stringify(page())}\n`);
        else send(response, 404, 'text/plain; charset=utf-8', `try ${known.join(', ')}\n`);
      }
    },
  );
  server.maxConnections = 64;
  let port = 0;
  return {
    name: `ops server on ${options.host}:${String(options.port)}`,
    get port() {
      return port;
    },
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.port, options.host, () => {
          server.off('error', reject);
          port = (server.address() as AddressInfo).port;
          resolve();
        });
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
  response.end(body);
}
