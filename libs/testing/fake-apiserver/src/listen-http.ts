import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FakeApiServer } from './fake-apiserver.ts';

/** The same server on a port of its own; a request that breaks has its socket destroyed. */
export async function listenHttp(
  server: FakeApiServer,
): Promise<{ readonly url: URL; close(): Promise<void> }> {
  const http = createServer((request, response) => {
    const end = new AbortController();
    response.on('close', () => end.abort());
    pass(server, request, response, end.signal).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}`),
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}

async function pass(
  server: FakeApiServer,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fake');
  let body = '';
  for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString('utf8');
  const answer = await server.send({
    method: request.method ?? 'GET',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { 'content-type': request.headers['content-type'] ?? '' },
    ...(body === '' ? {} : { body }),
    signal,
  });
  response.writeHead(answer.status, answer.headers);
  response.flushHeaders();
  for await (const chunk of answer.body) response.write(chunk);
  response.end();
}
