import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Metadata, Server as GrpcServer, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { createGrpcTransport, createHttpTransport } from './index.ts';

/** Processes and sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 30_000;
const never = new AbortController().signal;
const request = Buffer.from([0x0a, 0x00]);
/** ExportLogsServiceResponse{partial_success{rejected_log_records: 2, error_message: "no"}} */
const partial = Buffer.from([0x0a, 0x06, 0x08, 0x02, 0x12, 0x02, 0x6e, 0x6f]);

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function httpReceiver(
  answer: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void,
): Promise<URL> {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => answer(incoming, Buffer.concat(chunks), response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1/logs`);
}

test(
  'HTTP: bytes, content type and headers arrive; a partial success comes back',
  async () => {
    let seen: unknown;
    const url = await httpReceiver((incoming, body, response) => {
      seen = [incoming.url, incoming.headers['content-type'], incoming.headers['x-tenant'], body];
      response.end(partial);
    });
    const transport = createHttpTransport({ url, headers: { 'x-tenant': 'blue' }, nowMs: () => 0 });
    expect(await transport.deliver(request, never)).toEqual({
      kind: 'delivered',
      rejected: 2,
      message: 'no',
    });
    expect(seen).toEqual(['/v1/logs', 'application/x-protobuf', 'blue', request]);
  },
  slowMachineMs,
);

test(
  'HTTP: gzip is what it says',
  async () => {
    let seen: Buffer | undefined;
    const url = await httpReceiver((incoming, body, response) => {
      if (incoming.headers['content-encoding'] === 'gzip') seen = gunzipSync(body);
      response.end();
    });
    const transport = createHttpTransport({ url, compression: 'gzip', nowMs: () => 0 });
    expect((await transport.deliver(request, never)).kind).toBe('delivered');
    expect(seen).toEqual(request);
  },
  slowMachineMs,
);

test.each([
  [429, '3', { kind: 'retry', reason: 'HTTP 429', afterMs: 3000 }],
  [502, undefined, { kind: 'retry', reason: 'HTTP 502' }],
  [503, 'junk', { kind: 'retry', reason: 'HTTP 503' }],
  [504, undefined, { kind: 'retry', reason: 'HTTP 504' }],
  [500, undefined, { kind: 'refused', reason: 'HTTP 500' }],
  [400, undefined, { kind: 'refused', reason: 'HTTP 400' }],
  [401, undefined, { kind: 'refused', reason: 'HTTP 401', why: 'not allowed' }],
  [413, undefined, { kind: 'refused', reason: 'HTTP 413', why: 'too large' }],
])(
  'HTTP: status %i with Retry-After %j',
  async (code, retryAfter, expected) => {
    const url = await httpReceiver((_incoming, _body, response) => {
      response.writeHead(code, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
      response.end('why');
    });
    expect(await createHttpTransport({ url, nowMs: () => 0 }).deliver(request, never)).toEqual(expected);
  },
  slowMachineMs,
);

test(
  'HTTP: garbage after 200 is a success, silence and a closed port are retried',
  async () => {
    const garbage = await httpReceiver((_incoming, _body, response) =>
      response.end(Buffer.alloc(200_000, 0xff)),
    );
    expect(await createHttpTransport({ url: garbage, nowMs: () => 0 }).deliver(request, never)).toMatchObject(
      {
        kind: 'delivered',
        rejected: 0,
      },
    );
    const silent = await httpReceiver(() => undefined);
    expect(
      (await createHttpTransport({ url: silent, timeoutMs: 50, nowMs: () => 0 }).deliver(request, never))
        .kind,
    ).toBe('retry');
    const closed = new URL('http://127.0.0.1:1/v1/logs');
    expect(await createHttpTransport({ url: closed, nowMs: () => 0 }).deliver(request, never)).toMatchObject({
      kind: 'retry',
    });
  },
  slowMachineMs,
);

const identity = (bytes: Buffer): Buffer => bytes;
const logsService = {
  export: {
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
} as const;

async function withGrpcReceiver<T>(
  answer: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void,
  use: (address: string) => Promise<T>,
): Promise<T> {
  const server = new GrpcServer();
  server.addService(logsService, { export: answer });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (failure, bound) =>
      failure === null ? resolve(bound) : reject(failure),
    );
  });
  try {
    return await use(`127.0.0.1:${String(port)}`);
  } finally {
    server.forceShutdown();
  }
}

const deliverTo = (timeoutMs?: number) => async (address: string) => {
  const transport = createGrpcTransport({
    address,
    headers: { 'x-tenant': 'blue' },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  try {
    return await transport.deliver(request, never);
  } finally {
    transport.close();
  }
};

test(
  'gRPC: bytes and headers arrive; a partial success comes back',
  async () => {
    let seen: unknown;
    const delivery = await withGrpcReceiver((call, callback) => {
      seen = [call.request, call.metadata.get('x-tenant')];
      callback(null, partial);
    }, deliverTo());
    expect(delivery).toEqual({ kind: 'delivered', rejected: 2, message: 'no' });
    expect(seen).toEqual([request, ['blue']]);
  },
  slowMachineMs,
);

test.each([
  ['UNAVAILABLE', { kind: 'retry' }],
  ['DEADLINE_EXCEEDED', { kind: 'retry' }],
  ['ABORTED', { kind: 'retry' }],
  ['DATA_LOSS', { kind: 'retry' }],
  ['INVALID_ARGUMENT', { kind: 'refused' }],
  ['UNAUTHENTICATED', { kind: 'refused', why: 'not allowed' }],
  ['RESOURCE_EXHAUSTED', { kind: 'refused', why: 'not allowed' }],
] as const)(
  'gRPC: %s is %j',
  async (name, expected) => {
    const delivery = await withGrpcReceiver(
      (_call, callback) => callback({ code: status[name], details: 'why' }),
      deliverTo(),
    );
    expect(delivery).toEqual({ ...expected, reason: `gRPC ${name}: why` });
  },
  slowMachineMs,
);

test(
  'gRPC: an exhausted receiver that names a delay is tried again after it',
  async () => {
    const details = Buffer.from(
      '0808' +
        '1a32' +
        '0a28' +
        Buffer.from('type.googleapis.com/google.rpc.RetryInfo').toString('hex') +
        '1206' +
        '0a0408031000',
      'hex',
    );
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', details);
    const delivery = await withGrpcReceiver(
      (_call, callback) => callback({ code: status.RESOURCE_EXHAUSTED, details: 'slow down', metadata }),
      deliverTo(),
    );
    expect(delivery).toMatchObject({ kind: 'retry', afterMs: 3000 });
  },
  slowMachineMs,
);

test(
  'gRPC: a receiver that is not there or does not answer is retried',
  async () => {
    expect((await deliverTo(500)('127.0.0.1:1')).kind).toBe('retry');
    expect((await withGrpcReceiver(() => undefined, deliverTo(50))).kind).toBe('retry');
  },
  slowMachineMs,
);
