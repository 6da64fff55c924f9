import type { ReadyCheck } from '@kubearmor-ts/http';
import type { Clock, Service } from '@kubearmor-ts/life';
import { Alert, Log } from '@kubearmor-ts/proto';
import { addApiMetrics, createLiveEvents, createRelayApi, createTokenFile } from '@kubearmor-ts/relay-api';
import type { RelayApi, RelayApiOptions, Tokens } from '@kubearmor-ts/relay-api';
import { createSummaryStore } from '@kubearmor-ts/summary-store';
import type { SummaryStore } from '@kubearmor-ts/summary-store';
import type { Logger, Metrics } from '@kubearmor-ts/telemetry';
import type { RelayConfig } from './config.ts';

export interface ApiAddress {
  readonly host: string;
  readonly port: number;
}

export interface ServeApiOptions {
  readonly address: ApiAddress;
  readonly config: RelayConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tls?: NonNullable<RelayApiOptions['tls']>;
  readonly readyChecks: () => readonly ReadyCheck[];
  readonly metrics: () => string;
  /** See `SummaryStoreOptions`. */
  readonly storeEntry?: URL;
}

/** The HTTP API with the memory behind it. */
export interface ServedApi {
  /** In the order they start. */
  readonly services: readonly Service[];
  readonly api: RelayApi;
  /** Every event of every agent. */
  take(kind: 'alerts' | 'logs', bytes: Uint8Array): void;
  addMetrics(metrics: Metrics): void;
}

export function serveApi(options: ServeApiOptions): ServedApi {
  const { config, clock, logger } = options;
  const store = createSummaryStore({
    path: config.storePath === '' ? ':memory:' : config.storePath,
    limits: { maxBytes: config.storeMegabytes * 1_000_000, maxAgeMs: config.storeHours * 3_600_000 },
    clock,
    onNotice: (text) => logger.warn({ store: config.storePath }, text),
    ...(options.storeEntry === undefined ? {} : { entry: options.storeEntry }),
  });
  const live = createLiveEvents();
  const api = createRelayApi({
    ...options.address,
    reader: store,
    live,
    clock,
    ...(config.apiTokenFile === '' ? {} : { tokens: readTokens(config.apiTokenFile, clock) }),
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    readyChecks: options.readyChecks,
    metrics: options.metrics,
    requestsPerMinute: config.apiRequestsPerMinute,
    onFailure: (path, failure) =>
      logger.warn(
        { path, reason: failure instanceof Error ? failure.message : String(failure) },
        'API failed',
      ),
  });
  return {
    services: [store, api],
    api,
    take: (kind, bytes) => {
      const seq = store.take(kind, bytes);
      if (live.subscribers === 0) return;
      const event = decoded(kind, bytes);
      if (event !== undefined) live.publish(seq, kind, event);
    },
    addMetrics: (metrics) => {
      addApiMetrics(metrics, 'ka_relay', api);
      addStoreMetrics(metrics, store);
    },
  };
}

/** Undefined for what is no event; the store counts it. */
function decoded(kind: 'alerts' | 'logs', bytes: Uint8Array): Alert | Log | undefined {
  try {
    return kind === 'alerts' ? Alert.decode(bytes) : Log.decode(bytes);
  } catch {
    return undefined;
  }
}

function readTokens(path: string, clock: Clock): Tokens {
  try {
    return createTokenFile(path, () => clock.nowMs());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`KA_RELAY_CONFIG --api-token-file: ${reason}`, { cause });
  }
}

function addStoreMetrics(metrics: Metrics, store: SummaryStore): void {
  const name = 'ka_relay_store';
  metrics.counter(`${name}_taken_total`, 'events given to the store', () => store.counts().taken);
  metrics.counter(`${name}_stored_total`, 'events stored, repeats included', () => store.counts().stored);
  metrics.counter(`${name}_folded_total`, 'events folded into an earlier row', () => store.counts().folded);
  metrics.counter(`${name}_retired_total`, 'events retired by age or size', () => store.counts().retired);
  metrics.counter(`${name}_lost_total`, 'events not stored, by cause', () => {
    const { dropped, lost, failed, malformed } = store.counts();
    return Object.entries({ queue: dropped, thread: lost, database: failed, malformed }).map(
      ([cause, value]) => ({ labels: { cause }, value }),
    );
  });
  metrics.counter(
    `${name}_moved_aside_total`,
    'databases that could not be used',
    () => store.counts().movedAside,
  );
  metrics.counter(`${name}_thread_starts_total`, 'starts of the thread', () => store.counts().threadStarts);
  metrics.gauge(`${name}_bytes`, 'size of the database in use', () => store.counts().bytes);
  metrics.gauge(`${name}_waiting`, 'events waiting for the thread', () => store.counts().waiting);
}
