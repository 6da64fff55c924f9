import type { Journal } from '@kubearmor-ts/journal';
import type { SinkCounts, SinkRunner } from '@kubearmor-ts/sink';
import type { ServedLogFeed } from '@kubearmor-ts/stream';
import type { Metrics, Sample } from '@kubearmor-ts/telemetry';
import type { FindAgents, SourceStatus } from './find-agents.ts';
import type { FollowAgents } from './follow-agents.ts';
import type { LoadedSink } from './load-sinks.ts';
import type { LinePrinter } from './print-lines.ts';
import type { TakeEvents } from './take-events.ts';

export interface RelayParts {
  readonly agents: FollowAgents;
  readonly found: FindAgents;
  readonly take: TakeEvents;
  readonly feed: ServedLogFeed;
  readonly printer: LinePrinter;
  readonly journal: Journal;
  readonly sinks: Readonly<Record<string, SinkRunner>>;
  readonly loaded: readonly LoadedSink[];
}

/** Every queue and every way to lose something has a number here. */
export function addRelayMetrics(metrics: Metrics, parts: RelayParts): void {
  const { agents, take, feed, printer } = parts;
  const byKind = (read: (kind: 'alerts' | 'logs' | 'messages') => number): Sample[] =>
    (['alerts', 'logs', 'messages'] as const).map((kind) => ({ labels: { kind }, value: read(kind) }));
  const byAgent = (read: (agent: ReturnType<FollowAgents['statuses']>[number]) => number): Sample[] =>
    agents.statuses().map((agent) => ({ labels: { agent: agent.address }, value: read(agent) }));
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
  metrics.counter('ka_relay_agent_missed_total', 'events agents had to forget before they got here', () =>
    agents
      .statuses()
      .flatMap(({ address, missed }) =>
        Object.entries(missed).map(([kind, value]) => ({ labels: { agent: address, kind }, value })),
      ),
  );
  metrics.gauge('ka_relay_agent_batches', '1 while the agent sends numbered batches', () =>
    byAgent((agent) => Number(agent.isConnected && agent.protocol === 'batches')),
  );
  metrics.counter(
    'ka_relay_repeated_total',
    'events that came again and were in the journal already',
    () => take.counts().repeated,
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
  addSourceMetrics(metrics, parts);
  addJournalMetrics(metrics, parts.journal);
  addSinkMetrics(metrics, parts.sinks);
  addOwnSinkMetrics(metrics, parts.loaded);
}

function addSourceMetrics(metrics: Metrics, { agents, found }: RelayParts): void {
  const bySource = (read: (source: SourceStatus) => number) => (): Sample[] =>
    found.sources().map((status) => ({ labels: { source: status.source }, value: read(status) }));
  metrics.counter('ka_relay_agents_found_total', 'agents that came', () => agents.counts.found);
  metrics.counter(
    'ka_relay_agents_gone_total',
    'agents that no source named any more',
    () => agents.counts.gone,
  );
  metrics.gauge(
    'ka_relay_source_agents',
    'agents the source names',
    bySource(({ agents: named }) => named),
  );
  metrics.gauge(
    'ka_relay_source_left_out',
    'agents beyond the bound of the source',
    bySource(({ leftOut }) => leftOut),
  );
  metrics.gauge(
    'ka_relay_source_healthy',
    '1 while the source names all it should',
    bySource(({ problem }) => Number(problem === '')),
  );
  metrics.counter(
    'ka_relay_source_looks_total',
    'questions the source was asked',
    bySource(({ looks }) => looks),
  );
  metrics.counter(
    'ka_relay_source_failures_total',
    'questions without an answer',
    bySource(({ failures }) => failures),
  );
}

function addJournalMetrics(metrics: Metrics, journal: Journal): void {
  metrics.counter(
    'ka_relay_journal_appended_total',
    'events taken into the journal',
    () => journal.counts().appended,
  );
  metrics.counter(
    'ka_relay_journal_lost_total',
    'events that memory had to give up while the disk could not be written',
    () => journal.counts().lost,
  );
  metrics.counter(
    'ka_relay_journal_malformed_total',
    'events no sink could decode',
    () => journal.counts().malformed,
  );
  metrics.gauge('ka_relay_journal_fallback', '1 while the disk cannot be written', () =>
    Number(journal.state.kind === 'fallback'),
  );
  metrics.gauge(
    'ka_relay_journal_events',
    'events kept',
    () => journal.counts().end - journal.counts().oldest,
  );
  metrics.gauge('ka_relay_journal_disk_bytes', 'size on disk', () => journal.counts().diskBytes);
  metrics.gauge(
    'ka_relay_journal_memory_bytes',
    'youngest events in memory',
    () => journal.counts().memoryBytes,
  );
  metrics.gauge(
    'ka_relay_journal_queued_bytes',
    'on the way to the disk',
    () => journal.counts().queuedBytes,
  );
  metrics.gauge('ka_relay_journal_segments', 'files', () => journal.counts().segments);
  metrics.counter('ka_relay_journal_writes_total', 'writes, each synced', () => journal.counts().writes);
  metrics.counter(
    'ka_relay_journal_write_failures_total',
    'writes the disk refused',
    () => journal.counts().writeFailures,
  );
  metrics.counter(
    'ka_relay_journal_cursor_failures_total',
    'places of sinks that could not be written; tried again',
    () => journal.counts().cursorFailures,
  );
  metrics.counter(
    'ka_relay_journal_torn_bytes_total',
    'cut from the end at the start, left by a crash',
    () => journal.counts().tornBytes,
  );
}

const sinkCounters: readonly (readonly [string, keyof SinkCounts, string])[] = [
  ['taken', 'taken', 'events read from the journal'],
  ['delivered', 'delivered', 'events the receiver accepted'],
  ['rejected', 'rejected', 'events the receiver refused for good'],
  ['gave_up', 'gaveUp', 'events given up after their time'],
  ['filtered', 'filtered', 'events the sink does not want'],
  ['suppressed', 'suppressed', 'events over the rate'],
  ['notices', 'notices', 'summaries of suppressed events'],
  ['cut', 'cut', 'events that left the journal before the sink read them'],
  ['retries', 'retries', 'batches sent again'],
  ['dead_letters', 'deadLetters', 'events written to the dead letters'],
  ['dead_letters_lost', 'deadLettersLost', 'events the dead letters had no room for'],
];

function addSinkMetrics(metrics: Metrics, sinks: Readonly<Record<string, SinkRunner>>): void {
  const bySink = (read: (runner: SinkRunner) => number): Sample[] =>
    Object.entries(sinks).map(([sink, runner]) => ({
      labels: { sink, type: runner.type },
      value: read(runner),
    }));
  for (const [name, key, help] of sinkCounters)
    metrics.counter(`ka_relay_sink_${name}_total`, help, () => bySink((runner) => runner.counts()[key]));
  metrics.gauge('ka_relay_sink_pending', 'events in hand', () => bySink((runner) => runner.counts().pending));
  metrics.gauge('ka_relay_sink_lag', 'events the sink has yet to read', () => bySink((runner) => runner.lag));
  metrics.gauge('ka_relay_sink_healthy', '1 unless the last delivery failed', () =>
    bySink((runner) => Number(runner.isHealthy)),
  );
}

/** Of a file sink how often it was set aside, of syslog how many messages were cut, and their like. */
function addOwnSinkMetrics(metrics: Metrics, loaded: readonly LoadedSink[]): void {
  metrics.counter('ka_relay_sink_own_total', 'what only this kind of sink counts', () =>
    loaded.flatMap(({ spec, sink }) =>
      Object.entries(sink.counts?.() ?? {}).map(([what, value]) => ({
        labels: { sink: spec.name, type: spec.type, what },
        value,
      })),
    ),
  );
}
