/**
 * A receiver of OTLP/HTTP that only counts, in a process of its own: requests, bytes, and for each alert of a paced run
 * the time since it was made, which stands in its text.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceiverTold {
  readonly port?: number;
  readonly requests: number;
  readonly bytes: number;
  readonly delaysMs: readonly number[];
}

const marker = Buffer.from('ka-at=');
const delaysMs: number[] = [];
let requests = 0;
let bytes = 0;

function readDelays(body: Buffer): void {
  const nowMs = performance.timeOrigin + performance.now();
  for (let at = body.indexOf(marker); at >= 0; at = body.indexOf(marker, at + 1))
    delaysMs.push(nowMs - Number(body.toString('latin1', at + 6, at + 6 + 17)));
}

const isTiming = process.argv[2] === 'times';
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => {
    bytes += part.length;
    if (isTiming) parts.push(part);
  });
  request.on('end', () => {
    requests += 1;
    if (isTiming) readDelays(Buffer.concat(parts));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ port, requests, bytes, delaysMs: [] } satisfies ReceiverTold);
});
process.once('disconnect', () => process.exit(0));
process.on('message', () => process.send?.({ requests, bytes, delaysMs } satisfies ReceiverTold));
