import { EventEmitter } from 'node:events';
import { isIP } from 'node:net';
import { readSecret, readTlsMaterial } from '@kubearmor-ts/sink-net';
import type { KafkaConfig } from './kafka-config.ts';
import type { KafkaRecord } from './kafka-record.ts';

/** The part of the client that is used here. */
export interface KafkaProducer {
  send(records: readonly KafkaRecord[]): Promise<void>;
  /** At once, whatever is in flight. */
  destroy(): Promise<void>;
}

const mechanisms = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

/**
 * In 2.12.1 a connection that fails twice, in TLS and then in the authentication that waited for it, tells the second
 * failure to nobody, and an error event without a listener would end the process. The first one reaches `send`.
 */
function hearConnection(created: unknown): void {
  const { type, instance } = created as { readonly type?: unknown; readonly instance?: unknown };
  if (type === 'connection' && instance instanceof EventEmitter) instance.on('error', () => undefined);
}

/** Loads the client, 60 MB and a third of a second, for those who use it. */
export async function createKafkaProducer(
  config: KafkaConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KafkaProducer> {
  const { Producer, ProduceAcks, compatibilityPartitioner, instancesChannel } =
    await import('@platformatic/kafka');
  instancesChannel.unsubscribe(hearConnection);
  instancesChannel.subscribe(hearConnection);
  const { password } = config;
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: config.clientId,
    bootstrapBrokers: [...config.brokers],
    idempotent: true,
    acks: ProduceAcks.ALL,
    compression: config.compression,
    autocreateTopics: config.createTopics,
    partitioner: compatibilityPartitioner,
    connectTimeout: Math.min(5000, config.requestTimeoutMs),
    requestTimeout: config.requestTimeoutMs,
    timeout: config.requestTimeoutMs,
    retries: 2,
    retryDelay: 250,
    ...(config.useTls ? { tls: readTlsMaterial(config.tls), tlsServerName: serverNameOf(config) } : {}),
    ...(config.sasl === 'none' || password === undefined
      ? {}
      : {
          sasl: {
            mechanism: mechanisms[config.sasl],
            username: config.user,
            password: async () => {
              const secret = await readSecret(password, env);
              if (!secret.ok) throw new Error(secret.error);
              return secret.value;
            },
          },
        }),
  });
  return {
    send: async (records) => {
      await producer.send({
        messages: records.map(({ key, headers, ...record }) => ({
          ...record,
          headers: new Map(headers),
          ...(key === undefined ? {} : { key }),
        })),
      });
    },
    destroy: async () => {
      await producer.close(true);
    },
  };
}

/** TLS has no names for addresses: with brokers given by address none is sent. */
function serverNameOf({ brokers, tls }: KafkaConfig): string | boolean {
  if (tls.serverName !== '') return tls.serverName;
  return brokers.every((broker) => isIP(broker.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) === 0);
}
