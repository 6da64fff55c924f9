import { isIP } from 'node:net';
import { parseAgentSource } from '@kubearmor-ts/discovery';
import { readOtlpConfig, readOtlpMetricsConfig } from '@kubearmor-ts/export-otlp';
import type { OtlpConfig, OtlpMetricsConfig } from '@kubearmor-ts/export-otlp';
import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import type { JournalStorage } from '@kubearmor-ts/journal';
import type { NamedSource } from './agent-sources.ts';
import type { RelayConfig } from './config.ts';
import { alertCounterName } from './push-metrics.ts';
import { readSinkSpecs } from './read-sink-spec.ts';
import type { SinkSpec } from './read-sink-spec.ts';
import { sinkTypes } from './sink-types.ts';
import type { ApiAddress } from './serve-api.ts';

export interface OtlpReceiver {
  /** Of its sink, and of the flag. */
  readonly name: 'otlp-http' | 'otlp-grpc';
  readonly config: OtlpConfig;
}

/** What the texts of the configuration mean. */
export interface RelayTargets {
  /** Each address once. */
  readonly agents: readonly NamedSource[];
  /** The receivers given by flags. */
  readonly otlp: readonly OtlpReceiver[];
  /** Undefined: metrics are not pushed. */
  readonly otlpMetrics: OtlpMetricsConfig | undefined;
  /** Undefined: no API. */
  readonly api: ApiAddress | undefined;
  readonly sinks: readonly SinkSpec[];
  /** Absent: the journal is in memory. */
  readonly storage: JournalStorage | undefined;
  /** Something here asks an API server. */
  readonly needsKube: boolean;
}

export function checkConfig(config: RelayConfig): Result<RelayTargets, readonly CodedError[]> {
  const errors: CodedError[] = [];
  const agents = readAgents(config, errors);
  for (const server of config.dnsServers)
    if (!isNameServer(server)) errors.push(bad('dns-servers', `${server} is not an address with a port`));
  const otlpHttp = config.otlpHttp === '' ? undefined : logsUrl(config.otlpHttp);
  if (config.otlpHttp !== '' && otlpHttp === undefined) {
    errors.push(bad('otlp-http', `${config.otlpHttp} is not an http or https URL`));
  }
  const otlpGrpc = config.otlpGrpc === '' ? undefined : config.otlpGrpc;
  if (otlpGrpc !== undefined && !isAddress(otlpGrpc))
    errors.push(bad('otlp-grpc', `${otlpGrpc} is not host:port`));
  const headers: Record<string, string> = {};
  for (const pair of config.otlpHeaders) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, at)).toLowerCase();
    // The value may be a token: the message names the header, never what it holds.
    if (!/^[a-z0-9-]+$/.test(name) || /[\r\n]/.test(pair))
      errors.push(bad('otlp-headers', 'a header is not name=value'));
    else headers[name] = pair.slice(at + 1);
  }
  const api = config.apiListen === '' ? undefined : apiAddress(config.apiListen);
  if (config.apiListen !== '' && api === undefined)
    errors.push(bad('api-listen', `${config.apiListen} is not host:port`));
  const isGuarded = config.apiTokenFile !== '' || config.tlsEnabled;
  if (api !== undefined && !isGuarded && !isLoopback(api.host)) {
    errors.push(
      bad('api-listen', `${config.apiListen} is not loopback: give --api-token-file or -tlsEnabled`),
    );
  }
  const otlp = readReceivers(
    { 'otlp-http': otlpHttp?.href, 'otlp-grpc': otlpGrpc && `http://${otlpGrpc}` },
    { headers, compression: config.otlpCompression },
    errors,
  );
  const otlpMetrics = readMetricsReceiver(config.otlpMetrics, errors);
  const sinks = readSinkSpecs(config.sinks, Object.keys(sinkTypes), flagSinks(config));
  if (!sinks.ok) errors.push(...sinks.error);
  if (errors.length > 0 || !sinks.ok) return fail(errors);
  const storage =
    config.journalDir === ''
      ? undefined
      : {
          dir: config.journalDir,
          maxBytes: config.journalMaxMegabytes * 1_000_000,
          maxAgeMs: config.journalMaxAge * 1000,
          // Closed more often than they leave, whatever was given.
          segmentAgeMs: Math.min(config.journalSegmentAge, Math.ceil(config.journalMaxAge / 2)) * 1000,
        };
  const needsKube =
    config.peerNames ||
    agents.some(({ source }) => source.kind === 'pods') ||
    sinks.value.some(({ type }) => type === 'policy-report');
  return ok({ agents, otlp, otlpMetrics, sinks: sinks.value, storage, api, needsKube });
}

function readReceivers(
  urls: Readonly<Record<OtlpReceiver['name'], string | undefined>>,
  common: { readonly headers: Readonly<Record<string, string>>; readonly compression: string },
  errors: CodedError[],
): readonly OtlpReceiver[] {
  return (['otlp-http', 'otlp-grpc'] as const).flatMap((name) => {
    const url = urls[name];
    if (url === undefined || errors.length > 0) return [];
    const protocol = name === 'otlp-http' ? 'http' : 'grpc';
    const read = readOtlpConfig({ url, protocol, ...common }, `--${name}`);
    if (read.ok) return [{ name, config: read.value }];
    errors.push(...read.error);
    return [];
  });
}

function readMetricsReceiver(value: unknown, errors: CodedError[]): OtlpMetricsConfig | undefined {
  if (value === null) return undefined;
  const read = readOtlpMetricsConfig(value, 'otlpMetrics');
  if (read.ok) return read.value;
  errors.push(...read.error);
  return undefined;
}

/** Names that sinks of the list may not have, because a flag's sink has them. */
const flagSinks = (config: RelayConfig): readonly string[] => [
  ...(config.otlpHttp === '' ? [] : ['otlp-http']),
  ...(config.otlpGrpc === '' ? [] : ['otlp-grpc']),
  ...(config.otlpMetrics === null ? [] : [alertCounterName]),
];

function readAgents(config: RelayConfig, errors: CodedError[]): readonly NamedSource[] {
  const byTarget = new Map<string, NamedSource>();
  for (const word of config.agents) {
    const source = parseAgentSource(word, config.grpcPort);
    if (!source.ok) errors.push(bad('agents', source.error));
    else
      byTarget.set(source.value.kind === 'static' ? source.value.address : word, {
        word,
        source: source.value,
      });
  }
  return [...byTarget.values()];
}

/** `10.0.0.1`, `10.0.0.1:53`, `fd00::1`, `[fd00::1]:53`. */
function isNameServer(text: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? 53);
  return isIP(match?.[1] ?? match?.[2] ?? text) !== 0 && port >= 1 && port <= 65_535;
}

function isAddress(text: string): boolean {
  const match = /^(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text);
  return match !== null && Number(match[1]) >= 1 && Number(match[1]) <= 65_535;
}

function apiAddress(text: string): ApiAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.%]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

/** An OTLP/HTTP receiver; the usual path where there is none. */
function logsUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  if (url.pathname === '/') url.pathname = '/v1/logs';
  return url;
}

const bad = (object: string, message: string): CodedError => ({
  code: 'KA_RELAY_CONFIG',
  reason: 'InvalidValue',
  object,
  message: `--${object}: ${message}`,
});
