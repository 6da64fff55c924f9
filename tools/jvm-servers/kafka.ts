import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startJava } from './start-java.ts';
import type { JavaServer } from './start-java.ts';

const run = promisify(execFile);

export interface KafkaPlace {
  readonly jars: string;
  /** Configuration, data and log go here. */
  readonly dir: string;
  readonly certificates: {
    readonly caFile: string;
    readonly server: { readonly certFile: string; readonly keyFile: string };
  };
  /** Known by SCRAM-SHA-512, SCRAM-SHA-256 and PLAIN. */
  readonly user: string;
  readonly password: string;
}

export interface RunningKafka {
  /** Without authentication or TLS. */
  readonly open: string;
  /** TLS with a client certificate, then SASL. */
  readonly secure: string;
  stop(): Promise<void>;
  /** After `stop`: with the same ports and data. */
  restart(): Promise<void>;
}

/** A real broker of one node on loopback, with its own controller. */
export async function startKafka({
  jars,
  dir,
  certificates,
  user,
  password,
}: KafkaPlace): Promise<RunningKafka> {
  mkdirSync(dir, { recursive: true });
  const [open, secure, controller] = await freePorts(3);
  const config = join(dir, 'server.properties');
  const keyStore = join(dir, 'server-keystore.pem');
  const { server, caFile } = certificates;
  writeFileSync(keyStore, `${readFileSync(server.keyFile, 'utf8')}${readFileSync(server.certFile, 'utf8')}`);
  const login = (module: string, more = ''): string =>
    `org.apache.kafka.common.security.${module}.${module === 'plain' ? 'Plain' : 'Scram'}LoginModule required ${more};`;
  const plainUser = `user_${user}="${password}"`;
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller!}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `OPEN://127.0.0.1:${open!},SECURE://127.0.0.1:${secure!},CONTROLLER://127.0.0.1:${controller!}`,
    'advertised.listeners': `OPEN://127.0.0.1:${open!},SECURE://127.0.0.1:${secure!}`,
    'listener.security.protocol.map': 'OPEN:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'OPEN',
    'log.dirs': join(dir, 'data'),
    'num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'message.max.bytes': '200000',
    'auto.create.topics.enable': 'true',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.secure.plain.sasl.jaas.config': login('plain', plainUser),
    'listener.name.secure.scram-sha-256.sasl.jaas.config': login('scram'),
    'listener.name.secure.scram-sha-512.sasl.jaas.config': login('scram'),
    'listener.name.secure.ssl.keystore.type': 'PEM',
    'listener.name.secure.ssl.keystore.location': keyStore,
    'listener.name.secure.ssl.truststore.type': 'PEM',
    'listener.name.secure.ssl.truststore.location': caFile,
    'listener.name.secure.ssl.client.auth': 'required',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(config, lines.join(''));
  const java = ['-Xms256m', '-Xmx512m', '-cp', join(jars, '*')];
  const scram = ['256', '512'].flatMap((bits) => [
    '--add-scram',
    `SCRAM-SHA-${bits}=[name=${user},password=${password}]`,
  ]);
  // Sixteen bytes in base64: the name of a cluster that nobody else knows.
  const format = ['format', '--cluster-id', 'MkU3OEVBNTcwNTJENDM2Qg', '--config', config, ...scram];
  await run('java', [...java, 'kafka.tools.StorageTool', ...format]);
  const start = (): Promise<JavaServer> =>
    startJava({
      args: [...java, 'kafka.Kafka', config],
      cwd: dir,
      log: join(dir, 'kafka.log'),
      isReady: (said) => said.includes('Kafka Server started'),
    });
  let broker = await start();
  return {
    open: `127.0.0.1:${open!}`,
    secure: `127.0.0.1:${secure!}`,
    stop: () => broker.stop(),
    restart: async () => {
      broker = await start();
    },
  };
}

/** A broker tells its clients where it listens, so it must know its ports beforehand. */
async function freePorts(count: number): Promise<readonly string[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: string[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports.push(String((server.address() as AddressInfo).port));
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}
