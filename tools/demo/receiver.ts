import { readFile } from 'node:fs/promises';
import { buildCollector, startCollector } from '../otel-collector.ts';
import { startReceiver } from '../otlp-receiver.ts';

export interface DemoReceiver {
  readonly name: string;
  readonly httpUrl: string;
  /** JSON lines: one ExportLogsServiceRequest each. */
  readonly file: string;
  stop(): Promise<void>;
}

/** An OpenTelemetry Collector where Go can build one, else a receiver on the official OTLP definitions. */
export async function openReceiver(dir: string): Promise<DemoReceiver> {
  const built = await buildCollector();
  if ('binary' in built)
    return { name: 'an OpenTelemetry Collector', ...(await startCollector({ binary: built.binary, dir })) };
  return { name: `an OTLP receiver (${built.missing})`, ...(await startReceiver({ dir })) };
}

interface OtlpRequest {
  readonly resourceLogs?: readonly {
    readonly scopeLogs?: readonly { readonly logRecords?: readonly Record<string, unknown>[] }[];
  }[];
}

/** The log records received so far whose text mentions the word. */
export async function recordsWith(file: string, word: string): Promise<readonly Record<string, unknown>[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  // The last line may still be being written.
  const whole = lines.slice(0, -1).map((line) => JSON.parse(line) as OtlpRequest);
  const records = whole
    .flatMap((request) => request.resourceLogs ?? [])
    .flatMap((resource) => resource.scopeLogs ?? []);
  return records
    .flatMap((scope) => scope.logRecords ?? [])
    .filter((record) => JSON.stringify(record).includes(word));
}
