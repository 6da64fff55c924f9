import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { watchContainerd } from './index.ts';
import type { RuntimeUpdate } from './index.ts';

const CONTAINERD = ['/usr/bin/containerd', '/usr/local/bin/containerd'].find((path) => existsSync(path));
const canRun = CONTAINERD !== undefined && process.getuid?.() === 0;
const suite = canRun ? describe : describe.skip;
if (!canRun) console.warn('skipped: containerd is not installed or the test does not run as root');

suite('a real containerd', () => {
  let dir = '';
  let daemon: ChildProcess | undefined;
  let abort = new AbortController();

  const start = async (): Promise<void> => {
    await writeFile(
      join(dir, 'config.toml'),
      `version = 2\nroot = "${dir}/root"\nstate = "${dir}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n` +
        `[grpc]\naddress = "${dir}/c.sock"\n[ttrpc]\naddress = "${dir}/c.sock.ttrpc"\n`,
    );
    daemon = spawn(CONTAINERD as string, ['--config', join(dir, 'config.toml'), '--log-level', 'error'], {
      stdio: 'ignore',
    });
  };
  const stop = async (): Promise<void> => {
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await ended;
  };
  const ctr = (...words: string[]): void => {
    const { status, stderr } = spawnSync('ctr', ['-a', join(dir, 'c.sock'), ...words], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const create = (namespace: string, id: string): void =>
    ctr(
      '-n',
      namespace,
      'containers',
      'create',
      '--rootfs',
      '--label',
      'app=shop',
      join(dir, 'rootfs'),
      id,
      '/bin/true',
    );
  const open = (socket = join(dir, 'c.sock'), callMs = 10_000): AsyncGenerator<RuntimeUpdate, void> =>
    watchContainerd({ socket, dockerRoot: dir, relistMs: 60_000, callMs, retryMs: [20, 200] }, abort.signal);
  const until = async (
    updates: AsyncGenerator<RuntimeUpdate, void>,
    wanted: (update: RuntimeUpdate) => boolean,
  ): Promise<RuntimeUpdate> => {
    for (;;) {
      const { value } = await updates.next();
      if (value !== undefined && wanted(value)) return value;
    }
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ka-ctrd-'));
    abort = new AbortController();
  });
  afterEach(async () => {
    abort.abort();
    await stop();
    await rm(dir, { recursive: true, force: true });
  });

  test('its containers are announced at creation with labels, cgroup path and image, and at removal', async () => {
    await start();
    const updates = open();
    await until(updates, (update) => update.kind === 'listed');
    create('default', 'web');
    const set = await until(updates, (update) => update.kind === 'set');
    expect(set).toMatchObject({
      facts: {
        engine: 'containerd',
        engineNamespace: 'default',
        id: 'web',
        labels: { app: 'shop' },
        cgroupsPath: '/default/web',
      },
    });
    ctr('-n', 'default', 'containers', 'delete', 'web');
    expect(await until(updates, (update) => update.kind === 'gone')).toMatchObject({ key: 'default/web' });
  });

  test('a containerd that is killed is reported, awaited, and listed anew', async () => {
    await start();
    const updates = open();
    await until(updates, (update) => update.kind === 'listed');
    create('shop', 'cart');
    await until(updates, (update) => update.kind === 'set');
    await stop();
    expect(await until(updates, (update) => update.kind === 'down')).toMatchObject({
      error: { code: 'KA_CRI_CONTAINERD_DOWN' },
    });
    await start();
    const listed = await until(updates, (update) => update.kind === 'listed');
    expect(listed).toMatchObject({ containers: [{ engineNamespace: 'shop', id: 'cart' }] });
  });

  test('a socket that speaks something else is reported and tried again, and the watch ends when told', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 400 Bad Request\r\n\r\n', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(join(dir, 'x.sock'), resolve));
    const updates = open(join(dir, 'x.sock'), 300);
    await until(updates, (update) => update.kind === 'down');
    await until(updates, (update) => update.kind === 'down');
    abort.abort();
    expect(await updates.next()).toMatchObject({ done: true });
    await new Promise((resolve) => server.close(resolve));
  });
});
