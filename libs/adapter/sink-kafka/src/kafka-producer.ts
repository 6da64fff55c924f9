import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { readSecret, readTlsMaterial } from '@kubearmor-ts/sink-net';
import type { Connection } from '@platformatic/kafka';
import type { KafkaConfig } from './kafka-config.ts';
import type { KafkaRecord } from './kafka-record.ts';

/** The part of the client that is used here. */
export interface KafkaProducer {
  send(records: readonly KafkaRecord[]): Promise<void>;
  /** At once, whatever is in flight. */
  destroy(): void;
}

const mechanisms = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

/**
 * The connections of one producer. In 2.12.1 a connection that fails twice, in TLS and then in the authentication that
 * waited for it, tells the second failure to nobody: an error event without a listener would end the process, and the
 * request that waits for the authentication is never answered, so that closing would wait for ever.
 */
class Connections {
  private readonly all = new Set<Connection>();
  private readonly type: typeof Connection;

  constructor(type: typeof Connection) {
    this.type = type;
  }

  readonly hear = (created: unknown): void => {
    const { instance } = created as { readonly instance?: unknown };
    if (!(instance instanceof this.type)) return;
    this.all.add(instance);
    instance.on('error', () => undefined);
    instance.once('close', () => this.all.delete(instance));
  };

  /** Other clients' connections are heard of too; these are told apart by their context. */
  cut(): void {
    for (const connection of this.all) {
      // A connection that was never begun has no socket.
      if (connection.context === this) (connection.socket as Socket | undefined)?.destroy();
    }
    this.all.clear();
  }
}

/** Loads the client, 60 MB and a third of a second, for those who use it. */
export async function createKafkaProducer(
  config: KafkaConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KafkaProducer> {
  const kafka = await import('@platformatic/kafka');
  const { Producer, ProduceAcks, compatibilityPartitioner, instancesChannel } = kafka;
  const connections = new Connections(kafka.Connection);
  instancesChannel.subscribe(connections.hear);
  const { password } = config;
  const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
    clientId: config.clientId,
    context: connections,
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
    destroy: () => {
      instancesChannel.unsubscribe(connections.hear);
      // Not awaited, see above; and it fails when it is closed already.
      producer.close(true).catch(() => undefined);
      connections.cut();
    },
  };
}

/** TLS has no names for addresses: with brokers given by address none is sent. */
function serverNameOf({ brokers, tls }: KafkaConfig): string | boolean {
  if (tls.serverName !== '') return tls.serverName;
  return brokers.every((broker) => isIP(broker.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) === 0);
}
