/**
 * Metrics → one OTLP receiver, every `intervalMs`.
 *
 *  1. Sums are cumulative from the start of the process: a push that failed loses nothing, the next one says it all.
 *     So nothing is queued and nothing is sent twice in one interval.
 *  2. The last push happens at the stop, within its request's time limit.
 */
import type { Clock, Service } from '@kubearmor-ts/life';
import { createTransport } from './otlp-config.ts';
import type { OtlpMetricsConfig } from './otlp-config.ts';
import { encodeMetrics } from './encode-metrics.ts';
import type { MetricReading } from './encode-metrics.ts';

export interface OtlpMetricsOptions {
  readonly config: OtlpMetricsConfig;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called for every push. */
  readonly read: () => readonly MetricReading[];
  /** Who measures: `service.name`, `service.instance.id` … */
  readonly resource: Readonly<Record<string, string>>;
  /** Called when pushes begin to fail, and when they succeed again. */
  readonly onState?: (isHealthy: boolean, reason: string) => void;
}

export interface OtlpMetricsCounts {
  readonly pushes: number;
  readonly failures: number;
  /** Data points the receiver refused inside an accepted push. */
  readonly rejectedPoints: number;
}

export interface OtlpMetricsExporter extends Service {
  counts(): OtlpMetricsCounts;
}

export function createOtlpMetricsExporter(options: OtlpMetricsOptions): OtlpMetricsExporter {
  const { config, clock, env } = options;
  const nowMs = (): number => Number(clock.wallNs() / 1_000_000n);
  const transport = createTransport(config, 'metrics', { env, nowMs });
  const totals = { pushes: 0, failures: 0, rejectedPoints: 0 };
  const startNs = clock.wallNs();
  const stopping = new AbortController();
  const never = new AbortController().signal;
  let isHealthy = true;
  let running: Promise<void> = Promise.resolve();

  async function push(): Promise<string> {
    const { resource } = options;
    const bytes = encodeMetrics(options.read(), { resource, startNs, nowNs: clock.wallNs() });
    const delivery = await transport.deliver(bytes, never);
    if (delivery.kind !== 'delivered') return delivery.reason;
    totals.rejectedPoints += Math.max(0, delivery.rejected);
    return '';
  }

  async function pushAndCount(): Promise<void> {
    const reason = await push().catch((cause: unknown) =>
      cause instanceof Error ? cause.message : String(cause),
    );
    if (reason === '') totals.pushes += 1;
    else totals.failures += 1;
    if (isHealthy === (reason === '')) return;
    isHealthy = reason === '';
    options.onState?.(isHealthy, reason);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(config.intervalMs, stopping.signal);
      await pushAndCount();
    }
  }

  return {
    name: `OTLP metrics to ${transport.target}`,
    counts: () => ({ ...totals }),
    start: () => {
      running = run();
      return Promise.resolve();
    },
    stop: async () => {
      stopping.abort();
      await running;
      await transport.close();
    },
  };
}
