import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Consumer } from '@platformatic/kafka';
import { makeCertificates } from '@kubearmor-ts/fake-receiver';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import type { Delivery, Sink, SinkRecord } from '@kubearmor-ts/sink';
import { createKafkaSink, readKafkaConfig } from '@kubearmor-ts/sink-kafka';
import { fetchJars } from './jvm-servers/fetch-jars.ts';
import { startKafka } from './jvm-servers/kafka.ts';
import type { RunningKafka } from './jvm-servers/kafka.ts';

const slowMachineMs = 240_000;
const never = new AbortController().signal;
const jars = await fetchJars('kafka');
const missing = 'missing' in jars ? jars.missing : undefined;
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

let broker: RunningKafka;
let tls: Record<string, string>;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  if ('missing' in jars) return;
  const dir = mkdtempSync(join(tmpdir(), 'kafka-'));
  cleanups.push(() => rmSync(dir, { recursive: true }));
  const certificates = makeCertificates(dir);
  tls = { caFile: certificates.caFile, ...certificates.client };
  broker = await startKafka({ jars: jars.dir, dir, certificates, user: 'relay', password: 'hush' });
  cleanups.push(() => broker.stop());
}, slowMachineMs);

afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}, slowMachineMs);

function sinkTo(settings: Record<string, unknown>): Sink {
  const config = readKafkaConfig(
    { brokers: [broker.open], createTopics: true, requestTimeoutMs: 3000, ...settings },
    'sinks[0]',
  );
  if (!config.ok) throw new Error(config.error.map((error) => error.message).join('; '));
  const sink = createKafkaSink({ config: config.value, clock: createRealClock(), env: {} });
  cleanups.push(() => sink.close());
  return sink;
}

const record = (pod: string, number: number, size = 0): SinkRecord => ({
  kind: 'alerts',
  event: Alert.create({
    Timestamp: 1_785_400_000,
    ClusterName: 'lab',
    NamespaceName: 'bakery',
    PodName: pod,
    ContainerName: 'oven',
    PID: number,
    Message: 'x'.repeat(size),
  }),
});

/** As the runtime does it: what is not delivered is tried again. A topic that was just made takes a moment. */
async function deliverAll(sink: Sink, batch: readonly SinkRecord[]): Promise<Delivery> {
  let delivery = await sink.deliver(batch, never);
  for (let tries = 0; delivery.kind === 'retry' && delivery.indexes === undefined && tries < 20; tries++)
    delivery = await sink.deliver(batch, never);
  return delivery;
}

interface Read {
  readonly key: string;
  readonly partition: number;
  readonly pod: string;
  readonly number: number;
  readonly headers: Record<string, string>;
  readonly timestamp: bigint;
}

/** The first `count` records of a topic, as somebody else's consumer gets them. */
async function readTopic(topic: string, count: number): Promise<Read[]> {
  const consumer = new Consumer({
    clientId: 'reader',
    groupId: `reader-${topic}`,
    bootstrapBrokers: [broker.open],
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  const read: Read[] = [];
  for await (const message of stream) {
    const event = JSON.parse(message.value.toString());
    read.push({
      key: message.key.toString(),
      partition: message.partition,
      pod: event.PodName,
      number: event.PID ?? 0,
      headers: Object.fromEntries([...message.headers].map(([name, value]) => [String(name), String(value)])),
      timestamp: message.timestamp,
    });
    if (read.length === count) break;
  }
  await stream.close();
  await consumer.close(true);
  return read;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const numbersOf = (read: readonly Read[], pod: string): number[] =>
  read.filter((row) => row.pod === pod).map((row) => row.number);

const promises = {
  order: 'a real Kafka broker has every event once, and those of one workload in order in one partition',
  large: 'a real Kafka broker refuses an event that is too large: it is rejected, the others arrive',
  secure: 'a real Kafka broker is reached over TLS with a client certificate and each SASL mechanism',
  outage: 'a real Kafka broker that was killed and came back gets the events, in order',
};

if (missing !== undefined) {
  for (const promise of Object.values(promises))
    test.skip(`${promise} (skipped: ${missing})`, () => undefined);
} else {
  test(
    promises.order,
    async () => {
      const sink = sinkTo({ alertsTopic: 'order', recordHeaders: { env: 'prod' }, maxRequestBytes: 20_000 });
      const pods = ['a', 'b', 'c', 'd', 'e'];
      const batch = range(500).map((number) => record(pods[number % pods.length]!, number));
      for (const at of [0, 250])
        expect(await deliverAll(sink, batch.slice(at, at + 250))).toEqual({
          kind: 'delivered',
          rejected: [],
        });
      const read = await readTopic('order', 500);
      for (const pod of pods) {
        const own = range(500).filter((number) => pods[number % pods.length] === pod);
        expect(numbersOf(read, pod)).toEqual(own);
        expect(new Set(read.filter((row) => row.pod === pod).map((row) => row.partition)).size).toBe(1);
      }
      expect(new Set(read.map((row) => row.partition)).size).toBeGreaterThan(1);
      expect(read[0]).toMatchObject({
        key: `lab/bakery/${read[0]!.pod}/oven`,
        headers: { 'content-type': 'application/json', type: 'alert', env: 'prod' },
        timestamp: 1_785_400_000_000n,
      });
    },
    slowMachineMs,
  );

  test(
    promises.large,
    async () => {
      const sink = sinkTo({ alertsTopic: 'large', compression: 'none' });
      const batch = [record('a', 1), record('a', 2, 400_000), record('a', 3)];
      expect(await deliverAll(sink, batch)).toEqual({
        kind: 'delivered',
        rejected: [{ index: 1, reason: expect.stringContaining('MESSAGE_TOO_LARGE') }],
      });
      expect(numbersOf(await readTopic('large', 2), 'a')).toEqual([1, 3]);
    },
    slowMachineMs,
  );

  test(
    promises.secure,
    async () => {
      const secure = { brokers: [broker.secure], alertsTopic: 'secure', useTls: true, user: 'relay' };
      const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'];
      for (const [number, sasl] of mechanisms.entries()) {
        const sink = sinkTo({ ...secure, sasl, password: 'hush', tls });
        expect(await deliverAll(sink, [record('a', number)])).toEqual({ kind: 'delivered', rejected: [] });
        const stranger = sinkTo({ ...secure, sasl, password: 'guess', tls });
        expect(await stranger.deliver([record('a', 100)], never)).toMatchObject({ kind: 'retry' });
      }
      const withoutCertificate = sinkTo({
        ...secure,
        sasl: 'plain',
        password: 'hush',
        tls: { caFile: tls['caFile'] },
      });
      expect(await withoutCertificate.deliver([record('a', 100)], never)).toMatchObject({ kind: 'retry' });
      const withoutTrust = sinkTo({ ...secure, sasl: 'plain', password: 'hush' });
      expect(await withoutTrust.deliver([record('a', 100)], never)).toMatchObject({ kind: 'retry' });
      expect(numbersOf(await readTopic('secure', 3), 'a')).toEqual([0, 1, 2]);
    },
    slowMachineMs,
  );

  test(
    promises.outage,
    async () => {
      const sink = sinkTo({ alertsTopic: 'outage', timeoutMs: 4000 });
      expect((await deliverAll(sink, [record('a', 0)])).kind).toBe('delivered');
      await broker.stop();
      expect(await sink.deliver([record('a', 1), record('a', 2)], never)).toMatchObject({ kind: 'retry' });
      await broker.restart();
      const batch = [record('a', 1), record('a', 2)];
      expect(await deliverAll(sink, batch)).toEqual({ kind: 'delivered', rejected: [] });
      expect(numbersOf(await readTopic('outage', 3), 'a')).toEqual([0, 1, 2]);
    },
    slowMachineMs,
  );
}
