import type { Metrics } from '@kubearmor-ts/telemetry';
import type { AlertCounts } from './alert-counts.ts';
import type { MetricReading } from './encode-metrics.ts';

/** `kubearmor.alerts`: how many alerts there were, by namespace, policy, action, operation and severity. */
export function alertReading(counts: AlertCounts): MetricReading {
  return {
    name: 'kubearmor.alerts',
    help: 'alerts that the relay received',
    unit: '{alert}',
    type: 'counter',
    points: counts.read().map(({ attributes, count }) => ({ attributes, value: count })),
  };
}

/** What a program tells Prometheus about itself, under the same names. */
export function registryReadings(metrics: Metrics): readonly MetricReading[] {
  return metrics.collect().map(({ name, help, type, samples }) => ({
    name,
    help,
    unit: '',
    type,
    points: samples.map(({ labels, value }) => ({ attributes: labels ?? {}, value })),
  }));
}
