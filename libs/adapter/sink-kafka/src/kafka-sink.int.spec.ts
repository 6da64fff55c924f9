import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createRealClock } from '@kubearmor-ts/life';
import { Alert, Log } from '@kubearmor-ts/proto';
import type { SinkRecord } from '@kubearmor-ts/sink';
import { createKafkaSink, readKafkaConfig } from './index.ts';
import { readKafkaFailure } from './kafka-failure.ts';
import { toKafkaRecord } from './kafka-record.ts';

const slowMachineMs = 60_000;
const never = new AbortController().signal;

function configOf(settings: Record<string, unknown>) {
  const config = readKafkaConfig({ brokers: ['127.0.0.1:1'], ...settings }, 'sinks[0]');
  if (!config.ok) throw new Error(config.error.map((error) => error.message).join('; '));
  return config.value;
}

const record: SinkRecord = {
  kind: 'alerts',
  event: Alert.create({
    Timestamp: 5,
    ClusterName: 'lab',
    HostName: 'edge-4',
    NamespaceName: 'bakery',
    PodName: 'oven-1',
    ContainerName: 'oven',
  }),
};
const hostRecord: SinkRecord = {
  kind: 'logs',
  event: Log.create({ ClusterName: 'lab', HostName: 'edge-4' }),
};

test.each([
  ['workload', 'lab/bakery/oven-1/oven', 'lab/edge-4'],
  ['node', 'lab/edge-4', 'lab/edge-4'],
  ['namespace', 'lab/bakery', 'lab/'],
  ['none', undefined, undefined],
])('with key %s records have the keys %j and, of a host, %j', (key, ofContainer, ofHost) => {
  const config = configOf({ key });
  const keys = [record, hostRecord].map((each) => toKafkaRecord(each, '{}', config).key?.toString());
  expect(keys).toEqual([ofContainer, ofHost]);
});

test('a record has the topic and header of its kind, and the time of its event', () => {
  const config = configOf({ alertsTopic: 'a', logsTopic: 'l', recordHeaders: { env: 'prod' } });
  const made = toKafkaRecord(record, '{"x":1}', config);
  expect(made).toMatchObject({ topic: 'a', timestamp: 5000n });
  expect(made.value.toString()).toBe('{"x":1}');
  expect([...made.headers].map(([name, value]) => `${name.toString()}=${value.toString()}`)).toEqual([
    'content-type=application/json',
    'type=alert',
    'env=prod',
  ]);
  expect(toKafkaRecord(hostRecord, '{}', config).topic).toBe('l');
});

test('the reason is the innermost one, and only a record’s own fault is its rejection', () => {
  const tooLarge = Object.assign(new Error('too large'), { apiId: 'MESSAGE_TOO_LARGE' });
  expect(readKafkaFailure(new AggregateError([new AggregateError([tooLarge])]))).toEqual({
    kind: 'halve',
    reason: 'MESSAGE_TOO_LARGE: too large',
  });
  const outer = new Error('outer', { cause: new Error('connect\nECONNREFUSED') });
  expect(readKafkaFailure(outer)).toEqual({ kind: 'again', reason: 'connect ECONNREFUSED' });
  expect(readKafkaFailure('odd')).toEqual({ kind: 'again', reason: 'odd' });
});

test(
  'brokers that are not there, that are silent, or that speak something else do not hold the sink',
  async () => {
    const open: Socket[] = [];
    const listen = async (onConnection: (socket: Socket) => void) => {
      const server = createServer((socket) => {
        open.push(socket);
        socket.on('error', () => undefined);
        onConnection(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return { server, address: `127.0.0.1:${String((server.address() as AddressInfo).port)}` };
    };
    const silent = await listen(() => undefined);
    const garbage = await listen((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    try {
      for (const broker of ['127.0.0.1:1', silent.address, garbage.address]) {
        const config = configOf({ brokers: [broker], requestTimeoutMs: 500, timeoutMs: 1500 });
        const sink = createKafkaSink({ config, clock: createRealClock(), env: {} });
        expect(await sink.deliver([record], never)).toEqual({ kind: 'retry', reason: expect.any(String) });
        await sink.close();
      }
    } finally {
      for (const socket of open) socket.destroy();
      for (const { server } of [silent, garbage]) await new Promise((resolve) => server.close(resolve));
    }
  },
  slowMachineMs,
);

test.each([
  [{ brokers: [] }, 'sinks[0].brokers is required'],
  [{ brokers: ['kafka'] }, 'sinks[0].brokers must be host:port each'],
  [{ alertsTopic: 'a b' }, 'sinks[0].alertsTopic must be a topic: letters, digits, dot, _ and -'],
  [{ sasl: 'plain', useTls: true }, 'sinks[0].sasl needs user and password'],
  [
    { sasl: 'plain', user: 'u', password: 'p' },
    'sinks[0].sasl would send the password in the open: set useTls or saslWithoutTls',
  ],
  [{ user: 'u' }, 'sinks[0].user means nothing without sasl'],
])('a configuration with %j is refused by name', (settings, message) => {
  expect(() => configOf(settings)).toThrow(message);
});
