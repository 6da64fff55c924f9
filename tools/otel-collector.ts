/**
 * A real OpenTelemetry Collector for tests and the demo: built once from tools/otel-collector into the cache.
 *
 *   node tools/otel-collector.ts                 builds and prints the path of the binary
 *   node tools/otel-collector.ts run DIR [GRPC HTTP]
 *                                                 runs it, writes DIR/logs.jsonl, until interrupted
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildGoTool } from './go-tool.ts';

/** The binary, or why there is none on this machine. */
export const buildCollector = (): ReturnType<typeof buildGoTool> => buildGoTool('otel-collector');

export interface RunningCollector {
  readonly pid: number;
  readonly httpUrl: string;
  readonly grpcAddress: string;
  /** JSON lines: one ExportLogsServiceRequest each. */
  readonly file: string;
  /** JSON lines: one ExportMetricsServiceRequest each. */
  readonly metricsFile: string;
  /** Its own log. */
  readonly log: string;
  stop(): Promise<void>;
}

export interface CollectorPlace {
  readonly binary: string;
  /** Configuration, output and log go here. */
  readonly dir: string;
  readonly grpcPort?: number;
  readonly httpPort?: number;
  readonly host?: string;
  /** Of what it writes; `json` when absent. */
  readonly format?: 'json' | 'proto';
  /** TLS on both ports, with a client certificate. Plaintext when absent. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string; readonly clientCaFile: string };
}

/** Resolves when it serves; rejects with the end of its log when it does not come up. */
export async function startCollector(place: CollectorPlace): Promise<RunningCollector> {
  mkdirSync(place.dir, { recursive: true });
  const host = place.host ?? '127.0.0.1';
  const grpcPort = place.grpcPort ?? (await freePort());
  const httpPort = place.httpPort ?? (await freePort());
  const file = join(place.dir, 'logs.jsonl');
  const log = join(place.dir, 'collector.log');
  const config = join(place.dir, 'collector.yaml');
  const metricsFile = join(place.dir, 'metrics.jsonl');
  const endpoints = { grpc: `${host}:${String(grpcPort)}`, http: `${host}:${String(httpPort)}` };
  writeFileSync(config, configText(file, metricsFile, endpoints, place));
  const logFd = openSync(log, 'w');
  const child = spawn(place.binary, ['--config', config], { stdio: ['ignore', logFd, logFd] });
  closeSync(logFd);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const endWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const stop = async (): Promise<void> => {
    process.off('exit', endWithUs);
    child.kill('SIGTERM');
    await exited;
  };
  const { pid } = child;
  if (pid === undefined) throw new Error(`the Collector could not be run: ${place.binary}`);
  const deadline = Date.now() + 30_000;
  while (!readFileSync(log, 'utf8').includes('Everything is ready')) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`the Collector did not start: ${readFileSync(log, 'utf8').slice(-1000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    pid,
    httpUrl: `${place.tls === undefined ? 'http' : 'https'}://${endpoints.http}`,
    grpcAddress: endpoints.grpc,
    file,
    metricsFile,
    log,
    stop,
  };
}

/** The Collector has no way to report a port it chose itself. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function configText(
  file: string,
  metricsFile: string,
  { grpc, http }: { readonly grpc: string; readonly http: string },
  { tls, format }: CollectorPlace,
): string {
  const security =
    tls === undefined
      ? ''
      : `, tls: ${JSON.stringify({ cert_file: tls.certFile, key_file: tls.keyFile, client_ca_file: tls.clientCaFile })}`;
  return `receivers:
  otlp:
    protocols:
      grpc: {endpoint: "${grpc}"${security}}
      http: {endpoint: "${http}"${security}}
processors:
  batch: {timeout: 50ms}
exporters:
  file: {path: ${JSON.stringify(file)}, format: ${format ?? 'json'}, flush_interval: 50ms}
  file/metrics: {path: ${JSON.stringify(metricsFile)}, flush_interval: 50ms}
service:
  telemetry:
    metrics: {level: none}
  pipelines:
    logs: {receivers: [otlp], processors: [batch], exporters: [file]}
    metrics: {receivers: [otlp], processors: [batch], exporters: [file/metrics]}
`;
}

async function main(argv: readonly string[]): Promise<void> {
  const built = await buildCollector();
  if ('missing' in built) {
    console.error(built.missing);
    process.exitCode = 1;
    return;
  }
  console.log(built.binary);
  if (argv[0] !== 'run') return;
  const [, dir = '.', grpcPort = '4317', httpPort = '4318'] = argv;
  const collector = await startCollector({
    binary: built.binary,
    dir,
    grpcPort: Number(grpcPort),
    httpPort: Number(httpPort),
  });
  console.log(`OTLP on ${collector.grpcAddress} and ${collector.httpUrl}, writing ${collector.file}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void collector.stop());
}

if (process.argv[1] === import.meta.filename) await main(process.argv.slice(2));
