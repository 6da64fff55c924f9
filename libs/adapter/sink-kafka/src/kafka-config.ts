import { jsonFormats } from '@kubearmor-ts/schema-maps';
import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { readSinkOptions, sinkConfigError, tlsOptions } from '@kubearmor-ts/sink-net';
import type { SinkConfig, SinkOptionTable } from '@kubearmor-ts/sink-net';

export const kafkaOptions = {
  format: { type: 'string', oneOf: jsonFormats, default: 'json', help: 'schema of the events' },
  brokers: { type: 'list', isRequired: true, default: [], help: 'brokers to begin with, host:port each' },
  alertsTopic: { type: 'string', default: 'kubearmor.alerts', help: 'topic of alerts' },
  logsTopic: { type: 'string', default: 'kubearmor.logs', help: 'topic of logs' },
  createTopics: {
    type: 'bool',
    default: false,
    help: 'asks the brokers to create topics that are not there',
  },
  key: {
    type: 'string',
    oneOf: ['workload', 'node', 'namespace', 'none'],
    default: 'workload',
    help: 'events of equal keys keep their order',
  },
  recordHeaders: { type: 'map', help: 'headers of every record, beside type and content-type' },
  clientId: { type: 'string', default: 'kubearmor-relay', help: 'name of the client for the brokers' },
  compression: {
    type: 'string',
    oneOf: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    default: 'gzip',
    help: 'of record batches',
  },
  sasl: {
    type: 'string',
    oneOf: ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    default: 'none',
    help: 'how to authenticate; over TLS only, unless saslWithoutTls',
  },
  user: { type: 'string', default: '', help: 'for SASL' },
  password: { type: 'secret', help: 'for SASL' },
  saslWithoutTls: { type: 'bool', default: false, help: 'lets the password be seen on the way' },
  useTls: { type: 'bool', default: false, help: 'TLS to the brokers' },
  maxRequestBytes: {
    type: 'int',
    default: 900_000,
    min: 1000,
    max: 100_000_000,
    help: 'size of the records of a request; brokers take 1 MiB in a record batch by default',
  },
  requestTimeoutMs: { type: 'int', default: 10_000, min: 100, max: 300_000, help: 'for one request' },
  timeoutMs: {
    type: 'int',
    default: 30_000,
    min: 100,
    max: 600_000,
    help: 'for a batch, with the client’s retries',
  },
  batchSize: { type: 'int', default: 2000, min: 1, max: 50_000, help: 'events in a batch' },
  batchDelayMs: {
    type: 'int',
    default: 100,
    min: 0,
    max: 60_000,
    help: 'how long an event waits for company',
  },
  tls: { type: 'object', options: tlsOptions, help: '' },
} as const satisfies SinkOptionTable;

export type KafkaConfig = SinkConfig<typeof kafkaOptions>;

/** `value` is one object of the relay's `sinks`, `place` its name in messages: `sinks[2]`. */
export function readKafkaConfig(value: unknown, place: string): Result<KafkaConfig, readonly CodedError[]> {
  const config = readSinkOptions(kafkaOptions, value, place);
  if (!config.ok) return config;
  const { brokers, sasl, user, password, useTls, saslWithoutTls } = config.value;
  const errors: CodedError[] = [];
  for (const broker of brokers) {
    if (!isAddress(broker)) errors.push(sinkConfigError(`${place}.brokers`, `must be host:port each`));
  }
  for (const key of ['alertsTopic', 'logsTopic'] as const) {
    if (!/^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/.test(config.value[key]))
      errors.push(sinkConfigError(`${place}.${key}`, 'must be a topic: letters, digits, dot, _ and -'));
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(config.value.clientId))
    errors.push(sinkConfigError(`${place}.clientId`, 'must be letters, digits, dot, _ and -'));
  if (sasl !== 'none' && (user === '' || password === undefined))
    errors.push(sinkConfigError(`${place}.sasl`, 'needs user and password'));
  if (sasl === 'none' && (user !== '' || password !== undefined))
    errors.push(sinkConfigError(`${place}.user`, 'means nothing without sasl'));
  if (sasl !== 'none' && !useTls && !saslWithoutTls)
    errors.push(
      sinkConfigError(`${place}.sasl`, 'would send the password in the open: set useTls or saslWithoutTls'),
    );
  return errors.length === 0 ? ok(config.value) : fail(errors);
}

function isAddress(text: string): boolean {
  const port = Number(/^(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text)?.[1]);
  return port >= 1 && port <= 65_535;
}
