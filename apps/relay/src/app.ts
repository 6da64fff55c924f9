import type { Writable } from 'node:stream';
import { createOpsServer } from '@kubearmor-ts/http';
import type { OpsServer, ReadyCheck } from '@kubearmor-ts/http';
import { createJournal } from '@kubearmor-ts/journal';
import type { Journal } from '@kubearmor-ts/journal';
import { ServiceTree } from '@kubearmor-ts/life';
import type { Clock, Service } from '@kubearmor-ts/life';
import type { RelayApi } from '@kubearmor-ts/relay-api';
import { assertNever } from '@kubearmor-ts/result';
import type { SinkRunner } from '@kubearmor-ts/sink';
import { createGrpcServer, createLogFeed, logService, tlsServerCredentials } from '@kubearmor-ts/stream';
import type { GrpcServer, LogFeedOptions } from '@kubearmor-ts/stream';
import { Metrics, addProcessMetrics } from '@kubearmor-ts/telemetry';
import type { Logger } from '@kubearmor-ts/telemetry';
import { addTlsMetrics, tlsReadyCheck } from '@kubearmor-ts/tls';
import { createAgentSources } from './agent-sources.ts';
import type { RelayTargets } from './check-config.ts';
import type { RelayConfig } from './config.ts';
import { findAgents } from './find-agents.ts';
import type { SourceStatus } from './find-agents.ts';
import { followAgents } from './follow-agents.ts';
import { runSinks, sinksOfFlags } from './load-sinks.ts';
import type { LoadedSink } from './load-sinks.ts';
import { missedNotices } from './missed-notices.ts';
import { createLinePrinter } from './print-lines.ts';
import { pushMetrics } from './push-metrics.ts';
import type { KubeAccess } from './reach-kube.ts';
import { addRelayMetrics } from './relay-metrics.ts';
import { serveApi } from './serve-api.ts';
import { createTakeEvents } from './take-events.ts';
import { createTlsIdentities } from './tls-identities.ts';
import { watchPeers } from './watch-peers.ts';

export interface RelayDeps {
  readonly config: RelayConfig;
  readonly targets: RelayTargets;
  readonly clock: Clock;
  readonly random: () => number;
  readonly output: Writable;
  readonly logger: Logger;
  readonly feed?: LogFeedOptions;
  /** See `SummaryStoreOptions`. */
  readonly storeEntry?: URL;
  /** Those of the configuration's list. */
  readonly sinks?: readonly LoadedSink[];
  /** For what of the configuration asks an API server. */
  readonly kube?: KubeAccess;
  readonly hostName: string;
  /** Where secrets of the metrics' receiver may be. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Relay extends Service {
  readonly grpc: GrpcServer;
  readonly ops: OpsServer;
  readonly api?: RelayApi;
}

/** Agents → subscribers, stdout and OTLP receivers. Wiring only. */
export function createRelay(deps: RelayDeps): Relay {
  const { config, targets, clock, logger } = deps;
  const relayName = config.relayName === '' ? deps.hostName : config.relayName;
  const feed = createLogFeed(deps.feed);
  const peers =
    config.peerNames && deps.kube !== undefined
      ? watchPeers({ kube: deps.kube, clock, random: deps.random, logger })
      : undefined;
  const printer = createLinePrinter(deps.output, config.queueCapacity);
  const print = (isOn: boolean): ((line: string) => void) | undefined => (isOn ? printer.print : undefined);
  const journal = createJournal({
    clock,
    random: deps.random,
    memoryBytes: config.journalMemoryMegabytes * 1_000_000,
    ...optional('storage', targets.storage),
    onState: (state) => {
      if (state.kind === 'fallback') logger.warn(state, 'journal cannot be written, events stay in memory');
      else logger.info('journal is written again');
    },
  });
  const metrics = new Metrics();
  const pushed =
    targets.otlpMetrics === undefined
      ? undefined
      : pushMetrics({
          config: targets.otlpMetrics,
          metrics,
          relayName,
          clock,
          env: deps.env ?? {},
          logger,
        });
  const loaded = [
    ...sinksOfFlags(targets.otlp, clock),
    ...(pushed === undefined ? [] : [pushed.counter]),
    ...(deps.sinks ?? []),
  ];
  const sinks = runSinks(loaded, {
    journal,
    clock,
    random: deps.random,
    logger,
    ...optional('sourceOf', peers?.names.source),
  });
  const identities = createTlsIdentities(config, clock, logger);
  const checks = (): readonly ReadyCheck[] => [
    agentsCheck(agents.statuses(), found.sources()),
    ...readyChecks(journal, sinks),
    ...Object.entries(identities ?? {}).map(([end, identity]) => tlsReadyCheck(`tls ${end}`, identity)),
  ];
  const served =
    targets.api === undefined
      ? undefined
      : serveApi({
          address: targets.api,
          config,
          clock,
          logger,
          ...optional('tls', identities?.server),
          ...optional('storeEntry', deps.storeEntry),
          readyChecks: checks,
          metrics: () => metrics.render(),
        });
  const watch =
    served &&
    ((kind: 'alerts' | 'logs', bytes: Buffer): void =>
      served.take(kind, peers?.names.bytes(kind, bytes) ?? bytes));
  const take = createTakeEvents({
    ...optional('watch', watch),
    journal,
    feed: peers?.names.feed(feed) ?? feed,
    clock,
    print: {
      ...optional('alerts', print(config.stdout || config.stdoutAlerts)),
      ...optional('logs', print(config.stdout || config.stdoutLogs)),
      ...optional('messages', print(config.stdout || config.stdoutMessages)),
    },
  });
  const found = findAgents(
    createAgentSources(targets.agents, {
      clock,
      random: deps.random,
      logger,
      dnsInterval: config.dnsInterval,
      dnsServers: config.dnsServers,
      kube: deps.kube,
    }),
  );
  const agents = followAgents({
    found,
    ...optional('identity', identities?.client),
    clock,
    random: deps.random,
    consumer: relayName,
    cursorOf: (streamId) => journal.cursorOf(streamId),
    onMessage: take.takeMessage,
    onBatch: take.takeBatch,
    onMissed: (agent, missed) => {
      logger.warn({ agent: agent.address, node: agent.node, missed }, 'agent had to forget events');
      for (const notice of missedNotices(agent.node, missed, clock.wallNs())) take.takeNotice(notice);
    },
    onChange: (agent) => {
      if (agent.isConnected)
        logger.info({ agent: agent.address, node: agent.node, protocol: agent.protocol }, 'agent connected');
      else logger.warn({ agent: agent.address, reason: agent.reason }, 'agent not connected');
    },
    onGone: (agent) =>
      logger.info({ agent: agent.address, node: agent.node }, 'agent is not followed any more'),
  });
  const grpc = createGrpcServer({
    address: `${bracketed(config.listen)}:${String(config.grpcPort)}`,
    services: [logService(feed)],
    ...optional('credentials', identities && tlsServerCredentials(identities.server)),
  });
  const certificates = identities === undefined ? [] : [identities.server, identities.client];
  addProcessMetrics(metrics);
  if (certificates.length > 0) addTlsMetrics(metrics, 'ka_relay', certificates);
  served?.addMetrics(metrics);
  peers?.addMetrics(metrics);
  addRelayMetrics(metrics, { agents, found, take, feed, printer, journal, sinks, loaded });
  const ops = createOpsServer({
    host: config.opsListen,
    port: config.opsPort,
    readyChecks: checks,
    metrics: () => metrics.render(),
    pages: {
      '/agents': () => agents.statuses(),
      '/agent-sources': () => found.sources(),
      '/sinks': () =>
        Object.entries(sinks).map(([name, { type, target, state, lag, ...runner }]) => ({
          name,
          type,
          target,
          state,
          lag,
          ...runner.counts(),
        })),
    },
  });
  // Stopped in reverse: what the agents still sent goes to the sinks, and what those leave stays in the journal.
  const tree = new ServiceTree('relay', [
    ...certificates,
    journal,
    ...(peers?.services ?? []),
    ...(served?.services ?? []),
    ...(pushed === undefined ? [] : [pushed.exporter]),
    ...Object.values(sinks),
    take,
    grpc,
    ops,
    found,
    agents,
  ]);
  return {
    name: tree.name,
    grpc,
    ops,
    ...optional('api', served?.api),
    start: (signal) => tree.start(signal),
    stop: () => tree.stop(),
  };
}

/** A relay with no agent at all in reach does nothing useful; one that knows there is none has nothing to do. */
function agentsCheck(
  agents: readonly { readonly isConnected: boolean }[],
  sources: readonly SourceStatus[],
): ReadyCheck {
  const connected = agents.filter((agent) => agent.isConnected).length;
  const problems = sources.flatMap(({ problem }) => (problem === '' ? [] : [problem]));
  return {
    name: 'agents',
    isReady: connected > 0 || (agents.length === 0 && problems.length === 0),
    reason: [`${String(connected)} of ${String(agents.length)} connected`, ...problems].join('; '),
  };
}

/** A sink or a disk that is away costs nothing but room. */
function readyChecks(journal: Journal, sinks: Readonly<Record<string, SinkRunner>>): readonly ReadyCheck[] {
  return [
    { name: 'journal', isReady: true, reason: journalText(journal) },
    ...Object.entries(sinks).map(([name, { isHealthy, state }]) => ({
      name,
      isReady: true,
      reason: isHealthy ? 'delivers' : `cannot deliver${'reason' in state ? `: ${state.reason}` : ''}`,
    })),
  ];
}

function journalText({ state }: Journal): string {
  switch (state.kind) {
    case 'memory':
      return 'in memory';
    case 'disk':
      return 'on disk';
    case 'fallback':
      return `in memory, the disk cannot be written: ${state.reason}`;
    default:
      return assertNever(state);
  }
}

const optional = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
  value === undefined ? {} : ({ [key]: value } as Partial<Record<K, V>>);

const bracketed = (host: string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
