import { FakeClock } from '@kubearmor-ts/life';
import { Alert } from '@kubearmor-ts/proto';
import { createOtlpExporter } from './index.ts';
import type { Delivery, OtlpExporterOptions } from './index.ts';
import { retryInfoDelay } from './retry-info.ts';

const delivered: Delivery = { kind: 'delivered', rejected: 0, message: '' };

/** A receiver that answers from a list, the last answer for ever. */
function exporterWith(answers: Delivery[], options: Partial<OtlpExporterOptions> = {}) {
  const clock = new FakeClock();
  const sent: Uint8Array[] = [];
  const states: string[] = [];
  const exporter = createOtlpExporter({
    transport: {
      target: 'test',
      deliver: (bytes) => {
        sent.push(bytes);
        return Promise.resolve(answers.length > 1 ? answers.shift()! : answers[0]!);
      },
      close: () => undefined,
    },
    clock,
    random: () => 0,
    batchSize: 2,
    batchDelayMs: 100,
    backoff: { firstMs: 1000, maxMs: 8000 },
    onState: (isHealthy, reason) => states.push(`${String(isHealthy)} ${reason}`),
    ...options,
  });
  return { exporter, clock, sent, states };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
};
const never = new AbortController().signal;
const event = (name: string): Alert => Alert.create({ PolicyName: name });

test('a full batch goes at once, the rest after the delay', async () => {
  const { exporter, clock, sent } = exporterWith([delivered]);
  await exporter.start(never);
  for (const name of ['a', 'b', 'c']) exporter.push(event(name));
  await turns();
  expect(sent).toHaveLength(1);
  await clock.advance(100);
  await turns();
  expect(exporter.counts()).toMatchObject({ pushed: 3, exported: 3, queued: 0 });
  await exporter.stop();
});

test('a receiver that is away gets the same bytes again, in order, after growing pauses', async () => {
  const away: Delivery = { kind: 'retry', reason: 'HTTP 503' };
  const { exporter, clock, sent, states } = exporterWith([away, away, delivered]);
  await exporter.start(never);
  exporter.push(event('a'));
  exporter.push(event('b'));
  await turns();
  expect(clock.nextDueMs).toBe(500);
  await clock.advance(500);
  await turns();
  expect(clock.nextDueMs).toBe(1500);
  await clock.advance(1000);
  await turns();
  expect(sent).toHaveLength(3);
  expect(sent[2]).toBe(sent[0]);
  expect(exporter.counts()).toMatchObject({ exported: 2, retries: 2 });
  expect(states).toEqual(['false HTTP 503', 'true ']);
  await exporter.stop();
});

test('the receiver sets the pause when it names a longer one', async () => {
  const { exporter, clock } = exporterWith([{ kind: 'retry', reason: 'HTTP 429', afterMs: 7000 }, delivered]);
  await exporter.start(never);
  exporter.push(event('a'));
  await clock.advance(100);
  await turns();
  expect(clock.nextDueMs).toBe(7100);
  await exporter.stop();
});

test('a partial success is counted and not sent again', async () => {
  const { exporter, sent } = exporterWith([{ kind: 'delivered', rejected: 1, message: 'too long' }]);
  await exporter.start(never);
  exporter.push(event('a'));
  exporter.push(event('b'));
  await turns();
  expect(sent).toHaveLength(1);
  expect(exporter.counts()).toMatchObject({ exported: 1, rejected: 1 });
  await exporter.stop();
});

test('a refused batch is counted and the next one goes', async () => {
  const { exporter, sent } = exporterWith([{ kind: 'refused', reason: 'HTTP 400' }, delivered]);
  await exporter.start(never);
  for (const name of ['a', 'b', 'c', 'd']) exporter.push(event(name));
  await turns();
  expect(sent).toHaveLength(2);
  expect(exporter.counts()).toMatchObject({ refused: 2, exported: 2 });
  await exporter.stop();
});

test('an event that cannot be encoded is counted and does not end the export', async () => {
  const { exporter, sent } = exporterWith([delivered]);
  await exporter.start(never);
  exporter.push({ ...event('a'), EventData: null } as unknown as Alert);
  exporter.push(event('b'));
  await turns();
  exporter.push(event('c'));
  exporter.push(event('d'));
  await turns();
  expect(sent).toHaveLength(1);
  expect(exporter.counts()).toMatchObject({ refused: 2, exported: 2 });
  await exporter.stop();
});

test('a full queue loses its oldest events and says how many', async () => {
  const { exporter } = exporterWith([delivered], { queueCapacity: 3 });
  for (const name of ['a', 'b', 'c', 'd', 'e']) exporter.push(event(name));
  expect(exporter.counts()).toMatchObject({ pushed: 5, queued: 3, dropped: 2 });
  await exporter.stop();
});

test('a batch that could not be delivered for long is given up', async () => {
  const { exporter, clock } = exporterWith([{ kind: 'retry', reason: 'x' }], { maxAgeMs: 5000 });
  await exporter.start(never);
  exporter.push(event('a'));
  exporter.push(event('b'));
  await clock.advance(10_000);
  await turns();
  expect(exporter.counts()).toMatchObject({ expired: 2, exported: 0 });
  await exporter.stop();
});

test('stopping sends what is queued once more and accounts for the rest', async () => {
  const good = exporterWith([delivered]);
  await good.exporter.start(never);
  good.exporter.push(event('a'));
  await good.exporter.stop();
  expect(good.exporter.counts()).toMatchObject({ pushed: 1, exported: 1, dropped: 0 });
  const bad = exporterWith([{ kind: 'retry', reason: 'x' }]);
  await bad.exporter.start(never);
  for (const name of ['a', 'b', 'c']) bad.exporter.push(event(name));
  await bad.exporter.stop();
  expect(bad.exporter.counts()).toMatchObject({ pushed: 3, exported: 0, dropped: 3, queued: 0 });
});

test('RetryInfo is read, garbage is not a hint', () => {
  const type = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');
  const lengthDelimited = (field: number, body: Buffer) =>
    Buffer.concat([Buffer.from([(field << 3) | 2, body.length]), body]);
  const duration = Buffer.from([0x08, 0x02, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]);
  const any = Buffer.concat([lengthDelimited(1, type), lengthDelimited(2, lengthDelimited(1, duration))]);
  const details = Buffer.concat([Buffer.from([0x08, 0x08]), lengthDelimited(3, any)]);
  expect(retryInfoDelay(details)).toBe(2500);
  expect(retryInfoDelay(Buffer.from([0xff, 0xff]))).toBeUndefined();
  expect(retryInfoDelay(lengthDelimited(3, lengthDelimited(1, Buffer.from('other'))))).toBeUndefined();
});
