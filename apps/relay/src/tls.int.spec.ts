import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createAuthority } from '@kubearmor-ts/certificates';
import { parseConfig } from '@kubearmor-ts/config';
import { createRealClock } from '@kubearmor-ts/life';
import {
  createGrpcServer,
  createLogClient,
  createLogFeed,
  logService,
  tlsChannelCredentials,
  tlsServerCredentials,
} from '@kubearmor-ts/stream';
import { createLogger } from '@kubearmor-ts/telemetry';
import { clientFiles, createTlsIdentity, serverFiles } from '@kubearmor-ts/tls';
import type { TlsIdentity } from '@kubearmor-ts/tls';
import { until } from '@kubearmor-ts/until';
import { createRelay } from './app.ts';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';

/** openssl and file events on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 60_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'relay-tls-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function identityOf(dir: string, usage: 'server' | 'client'): Promise<TlsIdentity> {
  const files = (usage === 'server' ? serverFiles : clientFiles)(dir);
  const identity = createTlsIdentity({ files, usage, clock: createRealClock(), settleMs: 20 });
  const stop = new AbortController();
  await identity.start(stop.signal);
  cleanups.push(() => {
    stop.abort();
    return identity.stop();
  });
  return identity;
}

function aRelay(argv: readonly string[]) {
  const ports = ['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'];
  const config = parseConfig(relayConfigTable, { argv: [...ports, ...argv], env: {} });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const targets = checkConfig(config.value);
  if (!targets.ok) throw new Error(JSON.stringify(targets.error));
  return createRelay({
    config: config.value,
    targets: targets.value,
    clock: createRealClock(),
    random: () => 0,
    hostName: 'relay-of-the-test',
    output: new PassThrough(),
    logger: createLogger({ app: 'relay', level: 'silent' }),
  });
}

test(
  'agent, relay and client talk only with certificates, and all of them may be replaced while events flow',
  async () => {
    const ca = createAuthority((cleanup) => cleanups.push(cleanup));
    const [agentDir, relayDir, clientDir] = [directory(), directory(), directory()];
    ca.install(agentDir, 'server', { names: ['IP:127.0.0.1'] });
    for (const name of ['server', 'client'] as const) ca.install(relayDir, name);
    ca.install(clientDir, 'client');

    const feed = createLogFeed();
    const agent = createGrpcServer({
      address: '127.0.0.1:0',
      services: [logService(feed)],
      credentials: tlsServerCredentials(await identityOf(agentDir, 'server')),
    });
    await agent.start(never);
    cleanups.push(() => agent.stop());
    const relay = aRelay([
      '-tlsEnabled',
      '-tlsCertPath',
      relayDir,
      '--agents',
      `127.0.0.1:${String(agent.port)}`,
    ]);
    await relay.start(never);
    cleanups.push(() => relay.stop());
    const address = `localhost:${String(relay.grpc.port)}`;
    const ops = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:${String(relay.ops.port)}${path}`)).text();

    const client = createLogClient({
      address,
      credentials: tlsChannelCredentials(await identityOf(clientDir, 'client')),
    });
    cleanups.push(() => client.close());
    const received: string[] = [];
    const watching = (async () => {
      for await (const bytes of client.watchRaw('messages', '', never))
        received.push(bytes.toString('latin1'));
    })().catch(() => undefined);
    await until(async () => /ka_relay_subscribers\{kind="messages"\} 1\n/.test(await ops('/metrics')));
    await until(() => feed.hasSubscribers('messages'));

    let sent = 0;
    const publish = (): void => {
      // Field 8, the text: the relay decodes what it passes on.
      const text = String((sent += 1));
      feed.publishRaw('messages', Buffer.from([0x42, text.length, ...Buffer.from(text)]));
    };
    for (const [dir, name] of [
      [agentDir, 'server'],
      [relayDir, 'server'],
      [relayDir, 'client'],
    ] as const) {
      const replaced = /ka_relay_tls_replaced_total\{[^}]+\} (\d+)/g;
      const count = async (): Promise<number> =>
        [...(await ops('/metrics')).matchAll(replaced)].reduce((sum, match) => sum + Number(match[1]), 0);
      const before = await count();
      ca.install(dir, name, dir === agentDir ? { names: ['IP:127.0.0.1'] } : {});
      if (dir === relayDir) await until(async () => (await count()) > before);
      for (let turn = 0; turn < 200; turn++) publish();
      await until(() => received.length === sent);
    }
    expect(received.map((text) => Number(text.slice(2)))).toEqual(
      Array.from({ length: sent }, (_, index) => index + 1),
    );
    expect(await ops('/metrics')).toContain(
      `ka_relay_agent_failures_total{agent="127.0.0.1:${String(agent.port)}"} 0\n`,
    );
    expect(await ops('/readyz')).toContain('"name":"tls server","isReady":true');

    const plain = createLogClient({ address });
    cleanups.push(() => plain.close());
    await expect(plain.healthCheck()).rejects.toMatchObject({ code: 'KA_STREAM_UNREACHABLE' });
    client.close();
    await watching;
  },
  slowMachineMs,
);

test(
  'a relay asked for TLS without usable files does not start, and says which',
  async () => {
    const dir = directory();
    const ca = createAuthority((cleanup) => cleanups.push(cleanup));
    ca.install(dir, 'server');
    await expect(aRelay(['-tlsEnabled', '-tlsCertPath', dir]).start(never)).rejects.toThrow(
      `KA_TLS_READ ${join(dir, 'client.crt')}`,
    );
    await expect(
      aRelay(['-tlsEnabled', '-tlsCertPath', dir, '--tls-names', 'kubearmor.ns.svc']).start(never),
    ).rejects.toThrow(/KA_TLS_NAME .*server.crt: is not valid for kubearmor.ns.svc/);
  },
  slowMachineMs,
);
