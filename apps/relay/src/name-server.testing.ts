import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';

const binary = ['/usr/sbin/dnsmasq', '/usr/local/sbin/dnsmasq'].find((path) => existsSync(path));

/** Why there is no name server on this machine. */
export const nameServerMissing = binary === undefined ? 'no dnsmasq' : undefined;

export interface NameServer {
  /** 127.0.0.1:port */
  readonly address: string;
  /** Serves these records instead of those before; waits until it does. */
  serve(records: readonly string[]): Promise<void>;
  /** Nobody answers any more. */
  stop(): Promise<void>;
}

/** A real dnsmasq that knows only what it is told: `--host-record=agents.test,127.0.0.2`, `--srv-host=…`. */
export async function startNameServer(records: readonly string[]): Promise<NameServer> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  const stop = async (): Promise<void> => {
    child?.kill('SIGTERM');
    child = undefined;
    await exited;
  };
  const serve = async (next: readonly string[]): Promise<void> => {
    await stop();
    const started = spawn(
      binary ?? 'dnsmasq',
      [
        ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--pid-file'],
        ...['--bind-interfaces', '--listen-address=127.0.0.1', `--port=${String(port)}`, '--local=/test/'],
        ...['--log-facility=-', `--user=${userInfo().username}`, ...next],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    child = started;
    exited = new Promise((resolve) => started.once('close', resolve));
    await new Promise<void>((resolve, reject) => {
      let said = '';
      started.stderr.on('data', (text: Buffer) => {
        said += text.toString('utf8');
        if (said.includes('started, version')) resolve();
      });
      started.once('close', () => reject(new Error(`dnsmasq did not start: ${said}`)));
    });
  };
  await serve(records);
  return { address: `127.0.0.1:${String(port)}`, serve, stop };
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
