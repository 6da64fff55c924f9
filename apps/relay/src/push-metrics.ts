import {
  AlertCounts,
  alertReading,
  createOtlpMetricsExporter,
  registryReadings,
} from '@kubearmor-ts/export-otlp';
import type { OtlpMetricsConfig, OtlpMetricsExporter } from '@kubearmor-ts/export-otlp';
import type { Clock } from '@kubearmor-ts/life';
import type { Logger, Metrics } from '@kubearmor-ts/telemetry';
import type { LoadedSink } from './load-sinks.ts';

export interface PushMetricsOptions {
  readonly config: OtlpMetricsConfig;
  readonly metrics: Metrics;
  readonly relayName: string;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
}

export interface PushMetrics {
  readonly exporter: OtlpMetricsExporter;
  /** Reads the journal as sinks do, at its own pace, and counts alerts. */
  readonly counter: LoadedSink;
}

/** Its name among sinks. */
export const alertCounterName = 'otlp-metrics';

/** The relay's own metrics and counts of alerts, to an OTLP receiver. */
export function pushMetrics(options: PushMetricsOptions): PushMetrics {
  const { config, metrics, clock, env, logger } = options;
  const counts = new AlertCounts(config.maxSeries);
  const fields = { sink: alertCounterName, target: config.url.href };
  const exporter = createOtlpMetricsExporter({
    config,
    clock,
    env,
    resource: { 'service.name': 'kubearmor-relay', 'service.instance.id': options.relayName },
    read: () => [alertReading(counts), ...registryReadings(metrics)],
    onState: (isHealthy, reason) => {
      if (isHealthy) logger.info(fields, 'metrics are pushed again');
      else logger.warn({ ...fields, reason }, 'metrics cannot be pushed');
    },
  });
  metrics.counter(
    'ka_relay_otlp_metrics_pushes_total',
    'pushes the receiver took',
    () => exporter.counts().pushes,
  );
  metrics.counter(
    'ka_relay_otlp_metrics_failures_total',
    'pushes that failed; the next one says it all',
    () => exporter.counts().failures,
  );
  metrics.counter(
    'ka_relay_otlp_metrics_rejected_points_total',
    'data points the receiver refused',
    () => exporter.counts().rejectedPoints,
  );
  return { exporter, counter: { sink: countingSink(counts, config.url.href), spec: counterSpec } };
}

const counterSpec: LoadedSink['spec'] = {
  type: alertCounterName,
  name: alertCounterName,
  place: '--otlp-metrics',
  value: {},
  filter: { kinds: ['alerts'] },
  redact: [],
  giveUpAfterMs: 0,
};

const countingSink = (counts: AlertCounts, target: string): LoadedSink['sink'] => ({
  type: alertCounterName,
  target,
  limits: { maxItems: 1000, maxDelayMs: 200 },
  deliver: (batch) => {
    for (const { event } of batch) if ('PolicyName' in event) counts.add(event);
    return Promise.resolve({ kind: 'delivered', rejected: [] });
  },
  close: () => Promise.resolve(),
});
