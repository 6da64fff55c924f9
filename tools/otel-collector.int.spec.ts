import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Alert } from '@kubearmor-ts/proto';
import { createGrpcServer, createLogFeed, logService } from '@kubearmor-ts/stream';
import { until } from '@kubearmor-ts/until';
import { buildCollector, startCollector } from './otel-collector.ts';
import { startReceiver } from './otlp-receiver.ts';

const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** The relay as a user starts it; resolves with the address of its metrics. */
async function startRelay(args: readonly string[]): Promise<string> {
  const main = join(import.meta.dirname, '../apps/relay/src/main.ts');
  const ports = ['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'];
  const child = spawn(process.execPath, ['--conditions=ka-source', main, ...ports, ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  cleanups.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  await until(() => said.includes('relay serves') || child.exitCode !== null);
  const line = said.split('\n').find((row) => row.includes('relay serves'));
  if (line === undefined) throw new Error(said);
  return `http://127.0.0.1:${String(JSON.parse(line).opsPort)}/metrics`;
}

const event = {
  Timestamp: 1_785_400_000,
  UpdatedTime: '2026-07-30T08:26:40.112233Z',
  ClusterName: 'lab-north',
  HostName: 'edge-4',
  NodeID: 'c0ffee42',
  NamespaceName: 'bakery',
  Owner: { Ref: 'Deployment', Name: 'oven', Namespace: 'bakery' },
  PodName: 'oven-7c9d-q2m5z',
  Labels: 'app=oven',
  ContainerID: 'f00d77',
  ContainerName: 'oven',
  ContainerImage: 'registry.test/bakery/oven:3@sha256:cc33',
  HostPPID: 51_210,
  HostPID: 51_877,
  PPID: 19,
  PID: 212,
  UID: 0,
  ParentProcessName: '/bin/sh',
  ProcessName: '/bin/cat',
  Type: 'MatchedPolicy',
  Source: '/bin/cat <token>',
  Operation: 'File',
  Resource: '/run/secrets/token',
  Data: 'lsm=FILE_OPEN',
  EventData: { Lsm: 'FILE_OPEN' },
  Result: 'Permission denied',
  Cwd: '/',
  TTY: 'pts0',
  ExecEvent: { ExecID: '0', ExecutableName: 'cat' },
};
const alert = Alert.create({
  ...event,
  PolicyName: 'guard-token',
  Severity: '7',
  Tags: 'MITRE',
  ATags: ['MITRE'],
  Message: 'a token was read',
  Enforcer: 'BPFLSM',
  Action: 'Block',
  KubeArmorVersion: 'v0.1.0',
});

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly OtlpValue[] };
  readonly kvlistValue?: { readonly values: readonly OtlpPair[] };
}
interface OtlpPair {
  readonly key: string;
  readonly value: OtlpValue;
}

function plain(value: OtlpValue): unknown {
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plain);
  if (value.kvlistValue !== undefined) return plainPairs(value.kvlistValue.values);
  return value.stringValue ?? value.boolValue;
}
const plainPairs = (pairs: readonly OtlpPair[]) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]));

const collector = await buildCollector();
const receivers = [
  {
    receiver: 'a real OpenTelemetry Collector',
    missing: 'missing' in collector ? collector.missing : undefined,
    start: (dir: string) => startCollector({ binary: 'binary' in collector ? collector.binary : '', dir }),
  },
  {
    receiver: 'a receiver on the official protobuf definitions',
    missing: undefined,
    start: (dir: string) => startReceiver({ dir }),
  },
];
for (const { missing } of receivers) if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

const cases = receivers.flatMap((row) => [
  { ...row, protocol: 'otlp-http' as const },
  { ...row, protocol: 'otlp-grpc' as const },
]);

describe.each(cases)('over $protocol', ({ protocol, receiver: kind, missing, start }) => {
  const name = `${kind} gets every field of an alert`;
  if (missing !== undefined) {
    test.skip(`${name} (skipped: ${missing.replace('no otel-collector: ', '')})`, () => undefined);
    return;
  }
  test(
    name,
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'relay-otlp-'));
      cleanups.push(() => rmSync(dir, { recursive: true }));
      const receiver = await start(dir);
      cleanups.push(receiver.stop);
      const feed = createLogFeed();
      const agent = createGrpcServer({ address: '127.0.0.1:0', services: [logService(feed)] });
      await agent.start(never);
      cleanups.push(() => agent.stop());
      const target = protocol === 'otlp-http' ? receiver.httpUrl : receiver.grpcAddress;
      const metrics = await startRelay([
        '--agents',
        `127.0.0.1:${String(agent.port)}`,
        `--${protocol}`,
        target,
      ]);
      await until(() => feed.hasSubscribers('logs'));
      const before = Date.now();
      feed.publishAlert(alert);
      await until(() => existsSync(receiver.file) && readFileSync(receiver.file, 'utf8').endsWith('\n'));

      const { resourceLogs } = JSON.parse(readFileSync(receiver.file, 'utf8').split('\n')[0]!);
      expect(resourceLogs).toHaveLength(1);
      const [{ resource, schemaUrl, scopeLogs }] = resourceLogs;
      expect(schemaUrl).toBe('https://opentelemetry.io/schemas/1.44.0');
      expect(plainPairs(resource.attributes)).toEqual({
        'service.name': 'kubearmor',
        'service.version': 'v0.1.0',
        'service.instance.id': 'c0ffee42',
        'k8s.cluster.name': 'lab-north',
        'host.name': 'edge-4',
        'host.id': 'c0ffee42',
        'k8s.node.name': 'edge-4',
        'k8s.namespace.name': 'bakery',
        'k8s.pod.name': 'oven-7c9d-q2m5z',
        'k8s.container.name': 'oven',
        'k8s.deployment.name': 'oven',
        'k8s.pod.label.app': 'oven',
        'container.id': 'f00d77',
        'container.image.name': 'registry.test/bakery/oven',
        'container.image.tags': ['3'],
        'container.image.repo_digests': ['registry.test/bakery/oven@sha256:cc33'],
      });
      const [record] = scopeLogs[0].logRecords;
      expect(record).toMatchObject({
        timeUnixNano: '1785400000112233000',
        severityNumber: 17,
        severityText: 'ERROR',
        eventName: 'runtime_security.policy_violation',
      });
      expect(Number(record.observedTimeUnixNano) / 1e6).toBeGreaterThanOrEqual(before - 1000);
      expect(plainPairs(record.attributes)).toMatchObject({
        'process.pid': 51_877,
        'process.vpid': 212,
        'process.executable.path': '/bin/cat',
        'process.interactive': true,
        'process.user.id': '0',
        'file.path': '/run/secrets/token',
        'security_rule.name': 'guard-token',
        'error.type': 'EACCES',
        'kubearmor.action': 'Block',
        'kubearmor.tags': ['MITRE'],
      });
      const { Timestamp, ...body } = event;
      expect(Timestamp).toBe(1_785_400_000);
      expect(plain(record.body)).toEqual({
        ...body,
        PolicyName: 'guard-token',
        Severity: '7',
        Tags: 'MITRE',
        ATags: ['MITRE'],
        Message: 'a token was read',
        Enforcer: 'BPFLSM',
        Action: 'Block',
        KubeArmorVersion: 'v0.1.0',
      });
      const exported = `ka_relay_sink_delivered_total{sink="${protocol}",type="otlp"} 1\n`;
      await until(async () => (await (await fetch(metrics)).text()).includes(exported));
    },
    30_000,
  );
});

describe.each(['http', 'grpc'])('over %s', (protocol) => {
  const name = 'a real OpenTelemetry Collector gets the relay’s metrics and its counts of alerts';
  if ('missing' in collector) {
    test.skip(`${name} (skipped: ${collector.missing.replace('no otel-collector: ', '')})`, () => undefined);
    return;
  }
  test(
    name,
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'relay-otlp-metrics-'));
      cleanups.push(() => rmSync(dir, { recursive: true }));
      const receiver = await startCollector({ binary: collector.binary, dir });
      cleanups.push(receiver.stop);
      const feed = createLogFeed();
      const agent = createGrpcServer({ address: '127.0.0.1:0', services: [logService(feed)] });
      await agent.start(never);
      cleanups.push(() => agent.stop());
      const url = protocol === 'http' ? receiver.httpUrl : `http://${receiver.grpcAddress}`;
      await startRelay([
        '--agents',
        `127.0.0.1:${String(agent.port)}`,
        '--otlp-metrics',
        JSON.stringify({ url, protocol, intervalMs: 100 }),
      ]);
      await until(() => feed.hasSubscribers('logs'));
      for (let count = 0; count < 3; count++) feed.publishAlert(alert);
      const counted = (): string[] =>
        existsSync(receiver.metricsFile)
          ? readFileSync(receiver.metricsFile, 'utf8')
              .split('\n')
              .filter((line) => /"guard-token".*"asInt":"3"/.test(line))
          : [];
      await until(() => counted().length > 0);
      const [request] = JSON.parse(counted()[0]!).resourceMetrics;
      expect(plainPairs(request.resource.attributes)).toMatchObject({ 'service.name': 'kubearmor-relay' });
      const { metrics } = request.scopeMetrics[0];
      const named = (wanted: string) => metrics.find((metric: { name: string }) => metric.name === wanted);
      expect(plainPairs(named('kubearmor.alerts').sum.dataPoints[0].attributes)).toEqual({
        'k8s.cluster.name': 'lab-north',
        'k8s.namespace.name': 'bakery',
        'security_rule.name': 'guard-token',
        'kubearmor.action': 'Block',
        'kubearmor.operation': 'File',
        'kubearmor.severity': '7',
      });
      expect(named('ka_relay_agent_connected').gauge.dataPoints).toHaveLength(1);
    },
    30_000,
  );
});
