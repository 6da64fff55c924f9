import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { rsyslogConfig, syslogNgConfig } from './receiver-config.ts';

export type ReceiverKind = 'rsyslog' | 'syslog-ng';

export interface ReceiverTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface ReceiverPorts {
  readonly udp: number;
  /** Octet counting; rsyslog takes both framings on it. */
  readonly tcp: number;
  /** One message a line. */
  readonly tcpLines: number;
  readonly tls: number;
}

export interface SyslogReceiver {
  readonly ports: ReceiverPorts;
  /** At least so many messages, as they came. */
  raw(count: number): Promise<readonly string[]>;
  /** `host|application|message id|structured data|message` of each. */
  parsed(count: number): Promise<readonly string[]>;
  /** Ends the process and starts one with the same ports and files. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const root = resolve(
  process.env['KA_CACHE_DIR'] ?? join(import.meta.dirname, '../../../../.cache'),
  'syslog-receivers',
);

/** The kinds that are unpacked on this machine. */
export const syslogReceivers: readonly ReceiverKind[] = existsSync(join(root, '.packages'))
  ? ['rsyslog', 'syslog-ng']
  : [];

/** Runs in `dir`, which must be empty; demands a client certificate over TLS. */
export async function startSyslogReceiver(
  kind: ReceiverKind,
  dir: string,
  tls: ReceiverTls,
): Promise<SyslogReceiver> {
  const [udp, tcp, tcpLines, tlsPort] = await freePorts(4);
  const ports = { udp: udp!, tcp: tcp!, tcpLines: tcpLines!, tls: tlsPort! };
  const config = join(dir, 'receiver.conf');
  writeFileSync(config, (kind === 'rsyslog' ? rsyslogConfig : syslogNgConfig)({ dir, ports, tls }));
  let child: ChildProcess | undefined;

  const receiver: SyslogReceiver = {
    ports,
    raw: (count) => lines(join(dir, 'raw'), count),
    parsed: (count) => lines(join(dir, 'parsed'), count),
    start: async () => {
      child = launch(kind, dir, config);
      await listening([ports.tcp, ports.tcpLines, ports.tls], child);
    },
    stop: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
  await receiver.start();
  return receiver;
}

function launch(kind: ReceiverKind, dir: string, config: string): ChildProcess {
  const libraries = [
    ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu'],
    ['usr/lib/aarch64-linux-gnu', 'lib/aarch64-linux-gnu'],
    ['usr/lib/syslog-ng'],
  ].flat();
  const multiarch = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const args =
    kind === 'rsyslog'
      ? ['-n', '-f', config, '-i', join(dir, 'pid'), '-M', join(root, `usr/lib/${multiarch}/rsyslog`)]
      : [
          ...['-F', '--no-caps', '-f', config, '-p', join(dir, 'pid'), '-R', join(dir, 'persist')],
          ...['-c', join(dir, 'control'), `--module-path=${join(root, 'usr/lib/syslog-ng/3.38')}`],
        ];
  return spawn(join(root, 'usr/sbin', kind === 'rsyslog' ? 'rsyslogd' : 'syslog-ng'), args, {
    cwd: dir,
    env: { PATH: process.env['PATH'], LD_LIBRARY_PATH: libraries.map((path) => join(root, path)).join(':') },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** The programs say nothing when they are ready: what shows it is that they answer. */
async function listening(ports: readonly number[], child: ChildProcess): Promise<void> {
  for (const port of ports) {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the receiver ended with ${String(child.exitCode)}`);
      const probe = connect(port, '127.0.0.1');
      const answered = await new Promise<boolean>((done) => {
        probe.once('connect', () => done(true)).once('error', () => done(false));
      });
      probe.destroy();
      if (answered) break;
      await pause(20);
    }
  }
}

const patienceMs = 20_000;

async function lines(file: string, count: number): Promise<readonly string[]> {
  const endMs = Date.now() + patienceMs;
  for (;;) {
    const text = existsSync(file) ? await readFile(file, 'utf8') : '';
    const found = text.split('\n').slice(0, -1);
    if (found.length >= count) return found;
    if (Date.now() > endMs)
      throw new Error(`${file} has ${String(found.length)} of ${String(count)} messages`);
    await pause(20);
  }
}
