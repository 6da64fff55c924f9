import type { Writable } from 'node:stream';
import { createGrpcTransport, createHttpTransport, createOtlpExporter } from '@kubearmor-ts/export-otlp';
import type { OtlpExporter, OtlpTransport } from '@kubearmor-ts/export-otlp';
import { createOpsServer } from '@kubearmor-ts/http';
import type { OpsServer, ReadyCheck } from '@kubearmor-ts/http';
import { ServiceTree } from '@kubearmor-ts/life';
import type { Clock, Service } from '@kubearmor-ts/life';
import type { RelayApi } from '@kubearmor-ts/relay-api';
import { createGrpcServer, createLogFeed, logService, tlsServerCredentials } from '@kubearmor-ts/stream';
import type { GrpcServer, LogFeedOptions } from '@kubearmor-ts/stream';
import { Metrics, addProcessMetrics } from '@kubearmor-ts/telemetry';
import type { Logger } from '@kubearmor-ts/telemetry';
import { addTlsMetrics, tlsReadyCheck } from '@kubearmor-ts/tls';
import type { RelayTargets } from './check-config.ts';
import type { RelayConfig } from './config.ts';
import { followAgents } from './follow-agents.ts';
import { createLinePrinter } from './print-lines.ts';
import { addRelayMetrics } from './relay-metrics.ts';
import { serveApi } from './serve-api.ts';
import { createTakeEvent } from './take-event.ts';
import { createTlsIdentities } from './tls-identities.ts';

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
}

export interface Relay extends Service {
  readonly grpc: GrpcServer;
  readonly ops: OpsServer;
  readonly api?: RelayApi;
}

/** Agents → subscribers, stdout and OTLP receivers. Wiring only. */
export function createRelay(deps: RelayDeps): Relay {
  const { config, targets, clock, logger } = deps;
  const feed = createLogFeed(deps.feed);
  const printer = createLinePrinter(deps.output, config.queueCapacity);
  const print = (isOn: boolean): ((line: string) => void) | undefined => (isOn ? printer.print : undefined);
  const exporters = createExporters(deps);
  const identities = createTlsIdentities(config, clock, logger);
  const metrics = new Metrics();
  const checks = (): readonly ReadyCheck[] => [
    ...readyChecks(agents.statuses(), exporters),
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
  const take = createTakeEvent({
    feed,
    ...optional('watch', served?.take),
    exporters: Object.values(exporters),
    print: {
      ...optional('alerts', print(config.stdout || config.stdoutAlerts)),
      ...optional('logs', print(config.stdout || config.stdoutLogs)),
      ...optional('messages', print(config.stdout || config.stdoutMessages)),
    },
  });
  const agents = followAgents({
    addresses: targets.agents,
    ...optional('identity', identities?.client),
    clock,
    random: deps.random,
    onMessage: take,
    onChange: (agent) => {
      if (agent.isConnected) logger.info({ agent: agent.address }, 'agent connected');
      else logger.warn({ agent: agent.address, reason: agent.reason }, 'agent not connected');
    },
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
  addRelayMetrics(metrics, { agents, take, feed, printer, exporters });
  const ops = createOpsServer({
    host: config.opsListen,
    port: config.opsPort,
    readyChecks: checks,
    metrics: () => metrics.render(),
  });
  // Exporters stop last: what the agents still sent goes out.
  const tree = new ServiceTree('relay', [
    ...certificates,
    ...(served?.services ?? []),
    ...Object.values(exporters),
    grpc,
    ops,
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

function createExporters(deps: RelayDeps): Record<string, OtlpExporter> {
  const { config, targets, clock } = deps;
  const transports: Record<string, OtlpTransport> = {};
  if (targets.otlpHttp !== undefined) {
    transports['otlp-http'] = createHttpTransport({
      url: targets.otlpHttp,
      headers: targets.otlpHeaders,
      compression: config.otlpCompression === 'gzip' ? 'gzip' : 'none',
      nowMs: () => Number(clock.wallNs() / 1_000_000n),
    });
  }
  if (targets.otlpGrpc !== undefined) {
    transports['otlp-grpc'] = createGrpcTransport({
      address: targets.otlpGrpc,
      headers: targets.otlpHeaders,
    });
  }
  return Object.fromEntries(
    Object.entries(transports).map(([name, transport]) => [
      name,
      createOtlpExporter({
        transport,
        clock,
        random: deps.random,
        queueCapacity: config.queueCapacity,
        onState: (isHealthy, reason) => {
          const fields = { exporter: name, target: transport.target };
          if (isHealthy) deps.logger.info(fields, 'exporter delivers again');
          else deps.logger.warn({ ...fields, reason }, 'exporter cannot deliver');
        },
      }),
    ]),
  );
}

/** A relay with no agent at all in reach does nothing useful; exporters that lag only cost their queue. */
function readyChecks(
  agents: readonly { readonly isConnected: boolean }[],
  exporters: Readonly<Record<string, OtlpExporter>>,
): readonly ReadyCheck[] {
  const connected = agents.filter((agent) => agent.isConnected).length;
  return [
    {
      name: 'agents',
      isReady: agents.length === 0 || connected > 0,
      reason: `${String(connected)} of ${String(agents.length)} connected`,
    },
    ...Object.entries(exporters).map(([name, exporter]) => ({
      name,
      isReady: true,
      reason: exporter.isHealthy ? 'delivers' : 'cannot deliver at present',
    })),
  ];
}

const optional = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
  value === undefined ? {} : ({ [key]: value } as Partial<Record<K, V>>);

const bracketed = (host: string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
