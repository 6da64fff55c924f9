/**
 * The yardstick: an OpenTelemetry Collector's own log pipeline, from OTLP over gRPC through its batches to a file, given
 * the same alerts as requests of as many records as an agent's batch has.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, ended, forkHere } from './agents-process.ts';
import type { OtlpLoadOrder, OtlpLoadTold } from './otlp-load.ts';
import { buildCollector, startCollector } from '../../otel-collector.ts';
import { cpuUsOf, memoryOf } from '../process-memory.ts';

export interface CollectorRun {
  readonly perSecond: number;
  readonly cpuUsEach: number;
  readonly highestMiB: number;
}

/** Undefined, with the reason told, where it cannot be built. */
export async function collectorRun(
  total: number,
  log: (line: string) => void,
): Promise<CollectorRun | undefined> {
  const built = await buildCollector();
  if ('missing' in built) {
    log(built.missing);
    return undefined;
  }
  const dir = mkdtempSync(join(tmpdir(), 'ka-bench-'));
  const collector = await startCollector({ binary: built.binary, dir, format: 'proto' });
  const order: OtlpLoadOrder = { address: collector.grpcAddress, total, clients: 100, records: 256 };
  const load = forkHere('otlp-load.ts', JSON.stringify(order));
  const begun = await answer<OtlpLoadTold>(load);
  const startMs = performance.now();
  const cpuBefore = cpuUsOf(collector.pid);
  const done = await answer<OtlpLoadTold>(load);
  const seconds = (performance.now() - startMs) / 1000;
  const records = done.accepted - begun.accepted;
  const run = {
    perSecond: Math.round(records / seconds),
    cpuUsEach: (cpuUsOf(collector.pid) - cpuBefore) / records,
    highestMiB: Math.round(memoryOf(collector.pid).highestKiB / 1024),
  };
  await ended(load);
  await collector.stop();
  rmSync(dir, { recursive: true });
  return run;
}
