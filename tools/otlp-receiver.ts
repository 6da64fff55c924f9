/**
 * A receiver of OTLP logs on the official protobuf definitions, for machines where the Collector cannot be built.
 * It writes what the Collector's file exporter writes: one JSON object per request, in OTLP's JSON encoding.
 *
 *   node --conditions=ka-source tools/otlp-receiver.ts DIR [GRPC-PORT HTTP-PORT]
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import {
  ExportLogsServiceRequest,
  ExportLogsServiceResponse,
  OtlpLogsServiceService,
} from '@kubearmor-ts/proto';
import type { OtlpLogsServiceServer } from '@kubearmor-ts/proto';

export interface RunningReceiver {
  readonly httpUrl: string;
  readonly grpcAddress: string;
  /** JSON lines: one ExportLogsServiceRequest each. */
  readonly file: string;
  stop(): Promise<void>;
}

export interface ReceiverPlace {
  readonly dir: string;
  /** 0 takes a free one. */
  readonly grpcPort?: number;
  readonly httpPort?: number;
  readonly host?: string;
}

const largestRequest = 16 * 1024 * 1024;

export async function startReceiver(place: ReceiverPlace): Promise<RunningReceiver> {
  const host = place.host ?? '127.0.0.1';
  mkdirSync(place.dir, { recursive: true });
  const file = join(place.dir, 'logs.jsonl');
  writeFileSync(file, '');
  const write = (request: ExportLogsServiceRequest): void =>
    appendFileSync(file, `${JSON.stringify(toOtlpJson(request))}\n`);

  const grpc = new Server({ 'grpc.max_receive_message_length': largestRequest });
  const implementation: OtlpLogsServiceServer = {
    export: (call, callback) => {
      write(call.request);
      callback(null, ExportLogsServiceResponse.create());
    },
  };
  grpc.addService(OtlpLogsServiceService, implementation);
  const grpcPort = await new Promise<number>((resolve, reject) => {
    const address = `${host}:${String(place.grpcPort ?? 0)}`;
    grpc.bindAsync(address, ServerCredentials.createInsecure(), (failure, port) =>
      failure === null ? resolve(port) : reject(failure),
    );
  });

  const http = createServer((request, response) => void answer(request, response, write));
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(place.httpPort ?? 0, host, resolve);
  });
  const { port: httpPort } = http.address() as AddressInfo;
  return {
    httpUrl: `http://${host}:${String(httpPort)}`,
    grpcAddress: `${host}:${String(grpcPort)}`,
    file,
    stop: async () => {
      grpc.forceShutdown();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  write: (request: ExportLogsServiceRequest) => void,
): Promise<void> {
  const refuse = (status: number): void => void response.writeHead(status).end();
  if (request.method !== 'POST' || request.url !== '/v1/logs') return refuse(404);
  if (request.headers['content-type'] !== 'application/x-protobuf') return refuse(415);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestRequest) return refuse(413);
    chunks.push(chunk);
  }
  try {
    const body = Buffer.concat(chunks);
    const isZipped = request.headers['content-encoding'] === 'gzip';
    write(
      ExportLogsServiceRequest.decode(
        isZipped ? gunzipSync(body, { maxOutputLength: largestRequest }) : body,
      ),
    );
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  } catch {
    refuse(400);
  }
}

/** 64-bit integers as text, bytes as hex, empty fields left out, a value of a oneof under its own name. */
export function toOtlpJson(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(toOtlpJson);
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (isOneof(member)) {
      // OTLP's AnyValue: the oneof itself has no name in JSON.
      result[member.$case] = toOtlpJson(member.value);
    } else if (!isEmpty(member)) {
      result[key] = toOtlpJson(member);
    }
  }
  return result;
}

function isOneof(value: unknown): value is { readonly $case: string; readonly value: unknown } {
  return typeof value === 'object' && value !== null && '$case' in value;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '' || value === 0 || value === 0n) return true;
  return (Array.isArray(value) || value instanceof Uint8Array) && value.length === 0;
}

if (process.argv[1] === import.meta.filename) {
  const [dir = '.', grpcPort = '4317', httpPort = '4318'] = process.argv.slice(2);
  const receiver = await startReceiver({ dir, grpcPort: Number(grpcPort), httpPort: Number(httpPort) });
  console.log(`OTLP on ${receiver.grpcAddress} and ${receiver.httpUrl}, writing ${receiver.file}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void receiver.stop());
}
