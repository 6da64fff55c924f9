import type { Metrics } from '@kubearmor-ts/telemetry';
import type { RelayApi } from './relay-api.ts';

export function addApiMetrics(metrics: Metrics, prefix: string, api: RelayApi): void {
  metrics.counter(`${prefix}_api_requests_total`, 'requests answered, by class of status', () =>
    Object.entries(api.counts().requests).map(([status, value]) => ({ labels: { status }, value })),
  );
  metrics.gauge(`${prefix}_api_streams`, 'live streams open', () => api.counts().streams);
  metrics.counter(
    `${prefix}_api_streamed_total`,
    'events written to live streams',
    () => api.counts().streamed,
  );
  metrics.counter(
    `${prefix}_api_stream_missed_total`,
    'events lost by clients slower than their queue is long',
    () => api.counts().missed,
  );
}
