import { Alert, ExportLogsServiceRequest, Log } from '@kubearmor-ts/proto';
import { otelResource, otelResourceKey, otelSchemaUrl, toOtelRecord } from '@kubearmor-ts/schema-maps';
import type { AnyValue } from '@opentelemetry/api';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import fc from 'fast-check';
import { LogsEncoder } from './encode-logs.ts';

const observedNs = 1_785_400_001_000_000_000n;

const scope = { name: 'kubearmor-ts', version: '0.1.0', schemaUrl: otelSchemaUrl };

/** OpenTelemetry's own serialiser, of which this one is the fast twin. */
function officially(events: readonly (Alert | Log)[]): Uint8Array {
  const resources = new Map<string, ReturnType<typeof resourceFromAttributes>>();
  const records = events.map((event) => {
    const record = toOtelRecord(event);
    const key = otelResourceKey(event);
    const known =
      resources.get(key) ?? resourceFromAttributes({ ...record.resource }, { schemaUrl: otelSchemaUrl });
    resources.set(key, known);
    const { timeUnixNs, severityNumber, severityText, eventName } = record;
    return {
      hrTime: [Number(timeUnixNs / 1_000_000_000n), Number(timeUnixNs % 1_000_000_000n)] as [number, number],
      hrTimeObserved: [Number(observedNs / 1_000_000_000n), 0] as [number, number],
      severityNumber,
      severityText,
      eventName,
      body: record.body as AnyValue,
      attributes: { ...record.attributes } as Record<string, AnyValue>,
      droppedAttributesCount: 0,
      resource: known,
      instrumentationScope: scope,
    };
  });
  return ProtobufLogsSerializer.serializeRequest(records)!;
}

const text = fc.oneof(
  fc.string({ maxLength: 70 }),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.constantFrom('', '/bin/cat', 'größe'.repeat(20), '\ud800', 'x'.repeat(20_000)),
);
const few = fc.constantFrom('', 'oven', 'größe');
const number = fc.oneof(fc.integer(), fc.constantFrom(0, 127, 128, 16_384, 2 ** 31 - 1, -1));
const operation = fc.constantFrom('File', 'Process', 'Network', 'NetworkFirewall', '');

const alert = fc
  .record({
    Timestamp: fc.nat(),
    UpdatedTime: fc.constantFrom('2026-07-30T08:26:40.112233Z', ''),
    NamespaceName: fc.constantFrom('bakery', 'container_namespace'),
    Owner: fc.constantFrom(undefined, { Ref: 'Deployment', Name: 'oven', Namespace: '' }),
    PodName: few,
    Labels: fc.constantFrom('', 'app=oven', 'app=oven,tier=größe,app=twice'),
    ContainerImage: fc.constantFrom('', 'registry.test:5000/oven:3@sha256:cc33'),
    HostPID: number,
    UID: number,
    Source: text,
    Operation: operation,
    Resource: text,
    Severity: fc.constantFrom('', '7', 'x'),
    ATags: fc.array(text, { maxLength: 3 }),
    EventData: fc.dictionary(text, text, { maxKeys: 3 }),
    TTY: few,
  })
  .map((fields) => Alert.create(fields));
const log = fc
  .record({ PodName: few, Operation: operation, Resource: text, PPID: number, Cwd: text })
  .map((fields) => Log.create(fields));
const events = fc.array(fc.oneof(alert, log), { maxLength: 8 });

test('a request says what OpenTelemetry’s own serialiser says', () => {
  const encoder = new LogsEncoder();
  fc.assert(
    fc.property(events, (given) => {
      const read = ExportLogsServiceRequest.decode(encoder.encode(given, observedNs));
      expect(read).toEqual(ExportLogsServiceRequest.decode(officially(given)));
    }),
    { numRuns: 60 },
  );
});

test('records of one workload stay together and in order, whoever came between', () => {
  const pods = ['a', 'b', 'a', 'b', 'a'];
  const given = pods.map((PodName, at) => Alert.create({ PodName, Timestamp: at }));
  const { resourceLogs: groups } = ExportLogsServiceRequest.decode(new LogsEncoder().encode(given, 1n));
  const times = groups.map(({ scopeLogs: scopes }) =>
    scopes[0]!.logRecords.map((record) => record.timeUnixNano / 1_000_000_000n),
  );
  expect(times).toEqual([
    [0n, 2n, 4n],
    [1n, 3n],
  ]);
});

test('events with one key have one resource', () => {
  fc.assert(
    fc.property(fc.array(alert, { minLength: 2, maxLength: 12 }), (given) => {
      const byKey = new Map<string, unknown>();
      for (const event of given) {
        const key = otelResourceKey(event);
        expect(otelResource(event)).toEqual(byKey.get(key) ?? otelResource(event));
        byKey.set(key, otelResource(event));
      }
    }),
  );
});

test('more workloads than are remembered cost only time', () => {
  const encoder = new LogsEncoder();
  const given = Array.from({ length: 3000 }, (_, at) => Alert.create({ PodName: `pod-${String(at)}` }));
  encoder.encode(given, 1n);
  const read = ExportLogsServiceRequest.decode(encoder.encode(given.slice(0, 10), 1n));
  expect(read.resourceLogs).toHaveLength(10);
});
