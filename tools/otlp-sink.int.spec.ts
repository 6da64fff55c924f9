import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AlertCounts,
  alertReading,
  createOtlpMetricsExporter,
  createOtlpSink,
  readOtlpConfig,
  readOtlpMetricsConfig,
  registryReadings,
} from '@kubearmor-ts/export-otlp';
import { makeCertificates } from '@kubearmor-ts/fake-receiver';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { Metrics } from '@kubearmor-ts/telemetry';
import { until } from '@kubearmor-ts/until';
import { buildCollector, startCollector } from './otel-collector.ts';
import type { RunningCollector } from './otel-collector.ts';

const slowMachineMs = 120_000;
const never = new AbortController().signal;
const clock = createRealClock();
const built = await buildCollector();
const missing = 'missing' in built ? built.missing : undefined;
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

let collector: RunningCollector;
let tls: Record<string, string>;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  if ('missing' in built) return;
  const dir = mkdtempSync(join(tmpdir(), 'otlp-sink-'));
  cleanups.push(() => rmSync(dir, { recursive: true }));
  const certificates = makeCertificates(dir);
  tls = { caFile: certificates.caFile, ...certificates.client };
  collector = await startCollector({
    binary: built.binary,
    dir,
    tls: { ...certificates.server, clientCaFile: certificates.caFile },
  });
  cleanups.push(collector.stop);
}, slowMachineMs);
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}, slowMachineMs);

const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
function valueOf<T>(result: Result<T, readonly CodedError[]>): T {
  if (!result.ok) throw new Error(result.error.map((error) => error.message).join('; '));
  return result.value;
}
const settingsFor = (protocol: string): Record<string, unknown> => ({
  protocol,
  url: protocol === 'http' ? collector.httpUrl : `https://${collector.grpcAddress}`,
  tls,
});

const alert = (policy: string, namespace = 'bakery'): Alert =>
  Alert.create({
    UpdatedTime: '2026-07-30T08:26:40.112233Z',
    NamespaceName: namespace,
    PolicyName: policy,
    Action: 'Block',
    Operation: 'File',
    Severity: '7',
    Enforcer: 'BPFLSM',
  });

describe.each(['http', 'grpc'])('over %s', (protocol) => {
  const logs =
    'a real OpenTelemetry Collector takes alerts over mutual TLS, compressed, and nobody without a certificate';
  const metrics =
    'a real OpenTelemetry Collector takes alert counts and the relay’s own metrics as cumulative sums';
  if (missing !== undefined) {
    const reason = missing.replace('no OpenTelemetry Collector: ', '');
    for (const promise of [logs, metrics]) test.skip(`${promise} (skipped: ${reason})`, () => undefined);
    return;
  }
  test(
    logs,
    async () => {
      const sinkWith = (settings: Record<string, unknown>) => {
        const config = valueOf(readOtlpConfig({ ...settingsFor(protocol), ...settings }, 'sinks[0]'));
        const sink = createOtlpSink({ config, clock, env: {} });
        cleanups.push(() => sink.close());
        return sink;
      };
      const name = `logs-${protocol}`;
      const batch = [{ kind: 'alerts', event: alert(name) }] as const;
      const delivery = await sinkWith({}).deliver(batch, never);
      expect(delivery).toEqual({ kind: 'delivered', rejected: [] });
      await until(() => linesOf(collector.file).some((line) => line.includes(name)));
      const stranger = sinkWith({ tls: { caFile: tls['caFile'] }, timeoutMs: 2000 });
      expect((await stranger.deliver(batch, never)).kind).toBe('retry');
    },
    slowMachineMs,
  );

  test(
    metrics,
    async () => {
      const registry = new Metrics();
      let lag = 0.5;
      registry.counter('ka_relay_taken_total', 'events taken', () => [
        { labels: { sink: protocol }, value: 9 },
      ]);
      registry.gauge('ka_relay_lag_seconds', 'how far behind', () => lag);
      const counts = new AlertCounts(2);
      const policy = `metrics-${protocol}`;
      for (const namespace of ['a', 'a', 'b', 'c', 'd']) counts.add(alert(policy, namespace));
      const exporter = createOtlpMetricsExporter({
        config: valueOf(readOtlpMetricsConfig({ ...settingsFor(protocol), intervalMs: 100 }, 'metrics')),
        clock,
        env: {},
        resource: { 'service.name': 'kubearmor-relay', 'service.instance.id': protocol },
        read: () => [alertReading(counts), ...registryReadings(registry)],
      });
      await exporter.start(never);
      const own = (): string[] => linesOf(collector.metricsFile).filter((line) => line.includes(policy));
      await until(() => own().length >= 1);
      counts.add(alert(policy, 'a'));
      lag = 0;
      const before = own().length;
      await until(() => own().length > before + 1);
      await exporter.stop();
      expect(exporter.counts()).toMatchObject({ failures: 0, rejectedPoints: 0 });

      const metricsIn = (line: string) => {
        const request = JSON.parse(line).resourceMetrics[0];
        expect(JSON.stringify(request.resource)).toContain('kubearmor-relay');
        return Object.fromEntries(
          request.scopeMetrics[0].metrics.map((metric: { name: string }) => [metric.name, metric]),
        );
      };
      const first = metricsIn(own()[0]!);
      const last = metricsIn(own().at(-1)!);
      const pointsOf = (metric: { sum: { dataPoints: { asInt: string; attributes: object[] }[] } }) =>
        metric.sum.dataPoints.map(({ asInt, attributes }) => [JSON.stringify(attributes), Number(asInt)]);
      expect(first['kubearmor.alerts']).toMatchObject({
        unit: '{alert}',
        sum: { aggregationTemporality: 2, isMonotonic: true },
      });
      expect(pointsOf(first['kubearmor.alerts'])).toEqual([
        [expect.stringContaining('"k8s.namespace.name","value":{"stringValue":"a"}'), 2],
        [expect.stringContaining('"stringValue":"b"'), 1],
        [expect.stringContaining('otel.metric.overflow'), 2],
      ]);
      expect(pointsOf(last['kubearmor.alerts'])[0]?.[1]).toBe(3);
      const start = (metric: { sum: { dataPoints: { startTimeUnixNano: string }[] } }) =>
        metric.sum.dataPoints[0]?.startTimeUnixNano;
      expect(start(last['kubearmor.alerts'])).toBe(start(first['kubearmor.alerts']));
      expect(pointsOf(first['ka_relay_taken_total'])).toEqual([[expect.stringContaining(protocol), 9]]);
      expect(first['ka_relay_lag_seconds'].gauge.dataPoints).toMatchObject([{ asDouble: 0.5 }]);
    },
    slowMachineMs,
  );
});
