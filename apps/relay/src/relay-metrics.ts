import type { OtlpExporter } from '@kubearmor-ts/export-otlp';
import type { ServedLogFeed } from '@kubearmor-ts/stream';
import type { Metrics, Sample } from '@kubearmor-ts/telemetry';
import type { FollowAgents } from './follow-agents.ts';
import type { LinePrinter } from './print-lines.ts';
import type { TakeEvent } from './take-event.ts';

export interface RelayParts {
  readonly agents: FollowAgents;
  readonly take: TakeEvent;
  readonly feed: ServedLogFeed;
  readonly printer: LinePrinter;
  readonly exporters: Readonly<Record<string, OtlpExporter>>;
}

/** Every queue and every way to lose something has a number here. */
export function addRelayMetrics(metrics: Metrics, parts: RelayParts): void {
  const { agents, take, feed, printer } = parts;
  const byKind = (read: (kind: 'alerts' | 'logs' | 'messages') => number): Sample[] =>
    (['alerts', 'logs', 'messages'] as const).map((kind) => ({ labels: { kind }, value: read(kind) }));
  const byAgent = (read: (agent: ReturnType<FollowAgents['statuses']>[number]) => number): Sample[] =>
    agents.statuses().map((agent) => ({ labels: { agent: agent.address }, value: read(agent) }));
  const byExporter = (read: (counts: ReturnType<OtlpExporter['counts']>) => number): Sample[] =>
    Object.entries(parts.exporters).map(([exporter, part]) => ({
      labels: { exporter },
      value: read(part.counts()),
    }));

  metrics.gauge('ka_relay_agent_connected', '1 while the agent streams', () =>
    byAgent((agent) => Number(agent.isConnected)),
  );
  metrics.counter(
    'ka_relay_agent_failures_total',
    'connections lost or refused, each followed by a reconnect',
    () => byAgent((agent) => agent.failures),
  );
  metrics.counter('ka_relay_agent_received_total', 'messages of the agent', () =>
    byAgent((agent) => agent.received),
  );
  metrics.counter('ka_relay_taken_total', 'messages of all agents', () =>
    byKind((kind) => take.counts().taken[kind]),
  );
  metrics.counter(
    'ka_relay_malformed_total',
    'messages that could not be decoded',
    () => take.counts().malformed,
  );
  metrics.gauge('ka_relay_subscribers', 'open streams', () =>
    byKind((kind) => feed.counts()[kind].subscribers),
  );
  metrics.counter('ka_relay_subscriber_sent_total', 'messages handed to subscribers', () =>
    byKind((kind) => feed.counts()[kind].delivered),
  );
  metrics.counter('ka_relay_subscriber_dropped_total', 'messages lost by slow subscribers', () =>
    byKind((kind) => feed.counts()[kind].dropped),
  );
  metrics.counter('ka_relay_subscriber_refused_total', 'streams beyond the limit', () =>
    byKind((kind) => feed.counts()[kind].refused),
  );
  metrics.counter('ka_relay_stdout_lines_total', 'lines printed', () => printer.printed);
  metrics.counter('ka_relay_stdout_dropped_total', 'lines lost to a slow reader', () => printer.dropped);
  metrics.gauge('ka_relay_export_queued', 'events waiting', () => byExporter((counts) => counts.queued));
  metrics.counter('ka_relay_exported_total', 'events accepted by the receiver', () =>
    byExporter((counts) => counts.exported),
  );
  metrics.counter('ka_relay_export_rejected_total', 'events rejected in accepted batches', () =>
    byExporter((counts) => counts.rejected),
  );
  metrics.counter('ka_relay_export_refused_total', 'events in refused batches', () =>
    byExporter((counts) => counts.refused),
  );
  metrics.counter('ka_relay_export_expired_total', 'events given up after their time', () =>
    byExporter((counts) => counts.expired),
  );
  metrics.counter('ka_relay_export_dropped_total', 'events pushed out of the full queue', () =>
    byExporter((counts) => counts.dropped),
  );
  metrics.counter('ka_relay_export_retries_total', 'batches sent again', () =>
    byExporter((counts) => counts.retries),
  );
}
