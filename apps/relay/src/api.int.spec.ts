import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@kubearmor-ts/config';
import { Alert, Log } from '@kubearmor-ts/proto';
import { createGrpcServer, createLogFeed, logService } from '@kubearmor-ts/stream';
import { until } from '@kubearmor-ts/until';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';

/** Processes on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 120_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function run(app: 'relay' | 'karmor', args: readonly string[]) {
  const main = join(import.meta.dirname, `../../${app}/src/main.ts`);
  const child = spawn(process.execPath, ['--conditions=ka-source', main, ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(stdout)));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  cleanups.push(stop);
  return { child, ended, stop, stderr: () => stderr };
}

async function startRelay(args: readonly string[]) {
  const ports = ['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'];
  const relay = run('relay', [...ports, '--api-listen', '127.0.0.1:0', ...args]);
  await until(() => relay.stderr().includes('relay serves') || relay.child.exitCode !== null);
  const line = relay
    .stderr()
    .split('\n')
    .find((row) => row.includes('relay serves'));
  if (line === undefined) throw new Error(relay.stderr());
  const { apiPort, opsPort } = JSON.parse(line);
  return { ...relay, api: `http://127.0.0.1:${String(apiPort)}`, ops: `http://127.0.0.1:${String(opsPort)}` };
}

const shared = {
  ClusterName: 'c',
  HostName: 'node-1',
  NamespaceName: 'shop',
  PodName: 'web-1',
  ContainerName: 'web',
  Owner: { Ref: 'Deployment', Name: 'web', Namespace: 'shop' },
  ProcessName: '/bin/cat',
  UpdatedTime: '2026-07-30T08:26:40.112233Z',
};

test(
  'what agents send can be asked for, streamed and summed up, also after a restart of the relay',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'relay-api-'));
    cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
    const token = 'a-token-for-this-test';
    writeFileSync(join(dir, 'tokens'), `${token}\n`);
    const feed = createLogFeed();
    const agent = createGrpcServer({ address: '127.0.0.1:0', services: [logService(feed)] });
    await agent.start(never);
    cleanups.push(() => agent.stop());
    const args = [
      ...['--agents', `127.0.0.1:${String(agent.port)}`, '--api-token-file', join(dir, 'tokens')],
      ...['--store-path', join(dir, 'events.db')],
    ];
    const first = await startRelay(args);
    await until(() => feed.hasSubscribers('alerts') && feed.hasSubscribers('logs'));
    const headers = { authorization: `Bearer ${token}`, connection: 'close' };
    const ask = async (api: string, path: string): Promise<{ events: unknown }> =>
      (await (await fetch(api + path, { headers })).json()) as { events: unknown };

    const stream = await fetch(`${first.api}/v1/events/stream`, { headers });
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    let streamed = '';
    for (let turn = 0; turn < 3; turn++) {
      feed.publishAlert(
        Alert.create({ ...shared, Operation: 'File', Resource: '/run/token', Action: 'Block', PID: turn }),
      );
    }
    while (!/id: 3\n/.test(streamed)) streamed += (await reader.read()).value ?? '';
    feed.publishLog(
      Log.create({ ...shared, Operation: 'Process', ParentProcessName: '/bin/sh', Resource: '/bin/cat x' }),
    );
    while (!/id: 4\n/.test(streamed)) streamed += (await reader.read()).value ?? '';
    await reader.cancel();

    const { events } = await ask(first.api, '/v1/events?namespace=shop&kind=alerts');
    expect(events).toMatchObject([
      { count: 3, kind: 'alert', event: { Resource: '/run/token', Action: 'Block' } },
    ]);
    expect((await fetch(`${first.api}/v1/events`)).status).toBe(401);
    const metrics = await (await fetch(`${first.ops}/metrics`)).text();
    expect(metrics).toContain('ka_relay_store_stored_total 4\n');
    expect(metrics).toContain('ka_relay_store_folded_total 2\n');
    await first.stop();
    // SQLite's own warning and stack traces have no place there.
    expect(
      first
        .stderr()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('{')),
    ).toEqual([]);

    const second = await startRelay(args);
    const printed = await run('karmor', [
      ...['summary', '--api', second.api, '--token-file', join(dir, 'tokens'), '-n', 'shop'],
    ]).ended;
    expect(printed).toMatch(/== shop\/Deployment\/web container web \(cluster c\) ==/);
    expect(printed).toMatch(/\/bin\/sh +\/bin\/cat +exec +allowed +1 /);
    expect(printed).toMatch(/\/bin\/cat +\/run\/token +read +blocked +3 /);
    const resumed = await fetch(`${second.api}/v1/events/stream`, {
      headers: { ...headers, 'last-event-id': '3' },
    });
    const again = resumed.body!.pipeThrough(new TextDecoderStream()).getReader();
    let replayed = '';
    while (!/id: 4\n.*\n.*\n\n/.test(replayed)) replayed += (await again.read()).value ?? '';
    expect(replayed).not.toContain('missed');
    expect(replayed).toContain('"Operation":"Process"');
    await again.cancel();
  },
  slowMachineMs,
);

test.each([
  [['--api-listen', '0.0.0.0:9091'], /--api-listen: 0.0.0.0:9091 is not loopback: give --api-token-file/],
  [['--api-listen', '9091'], /--api-listen: 9091 is not host:port/],
  [['--api-listen', '127.0.0.1:70000'], /is not host:port/],
])('%j is refused', (argv, message) => {
  const config = parseConfig(relayConfigTable, { argv, env: {} });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  expect(checkConfig(config.value)).toMatchObject({
    ok: false,
    error: [{ code: 'KA_RELAY_CONFIG', message: expect.stringMatching(message) }],
  });
});
