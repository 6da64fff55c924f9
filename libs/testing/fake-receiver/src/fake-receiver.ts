import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface FakeRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Unzipped. */
  readonly body: Buffer;
  readonly text: string;
  /** Of the client's certificate; empty without one. */
  readonly clientName: string;
}

export type FakeAnswer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** An object goes out as JSON. */
      readonly body?: string | Buffer | object;
    }
  /** The connection stays open and nothing comes. */
  | 'silence'
  /** The connection ends in the middle of the answer. */
  | 'half an answer'
  /** An answer without end. */
  | 'endless';

export interface FakeReceiver {
  readonly url: string;
  readonly requests: readonly FakeRequest[];
  close(): Promise<void>;
}

export async function startFakeReceiver(
  answer: (request: FakeRequest, count: number) => FakeAnswer | Promise<FakeAnswer>,
  tls?: { readonly key: Buffer; readonly cert: Buffer; readonly ca?: Buffer },
): Promise<FakeReceiver> {
  const requests: FakeRequest[] = [];
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    requests.push(request);
    write(response, await answer(request, requests.length));
  };
  const listener = (incoming: IncomingMessage, response: ServerResponse): void =>
    void serve(incoming, response).catch(() => response.destroy());
  const server =
    tls === undefined
      ? createHttpServer(listener)
      : createHttpsServer(
          { ...tls, ...(tls.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true }) },
          listener,
        );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const sent = Buffer.concat(chunks);
  const body = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  const socket = incoming.socket as { getPeerCertificate?: () => { subject?: { CN?: unknown } } };
  const name = socket.getPeerCertificate?.().subject?.CN;
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([key, value]) => [key, String(value ?? '')]),
    ),
    body,
    text: body.toString('utf8'),
    clientName: typeof name === 'string' ? name : '',
  };
}

function write(response: ServerResponse, answer: FakeAnswer): void {
  if (answer === 'silence') return;
  if (answer === 'half an answer') {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"errors":');
    setImmediate(() => response.destroy());
    return;
  }
  if (answer === 'endless') {
    response.writeHead(200);
    const block = Buffer.alloc(64 * 1024, 0x20);
    const more = (): void => {
      while (!response.destroyed && response.write(block));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
    return;
  }
  const { status = 200, headers = {}, body = '' } = answer;
  const content = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  response.writeHead(status, headers).end(content);
}
