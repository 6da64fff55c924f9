import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@kubearmor-ts/certificates';
import { Alert, Log, Message } from '@kubearmor-ts/proto';
import { createGrpcServer, createLogFeed, logService, tlsServerCredentials } from '@kubearmor-ts/stream';
import type { ServedLogFeed } from '@kubearmor-ts/stream';
import { until } from '@kubearmor-ts/until';
import { buildStockClient, runStockClient } from './stock-client.ts';
import type { StockLine } from './stock-client.ts';

/** Processes on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 60_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const built = await buildStockClient();
const missing = 'missing' in built ? built.missing : undefined;
const binary = 'binary' in built ? built.binary : '';
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);
const stockTest = (name: string, run: () => Promise<void>): void => {
  if (missing === undefined) test(name, run, slowMachineMs);
  else test.skip(`${name} (skipped: ${missing})`, () => undefined);
};

function runNode(app: string, args: readonly string[]) {
  const main = join(import.meta.dirname, `../apps/${app}/src/main.ts`);
  const child = spawn(process.execPath, ['--conditions=ka-source', main, ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  cleanups.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  return { child, ended, stdout: () => stdout, stderr: () => stderr };
}

interface Served {
  readonly feed: ServedLogFeed;
  readonly address: string;
  /** Streams that somebody must have opened at the agent's feed before every client of this server is seen there. */
  readonly isOpenTo: (clients: number) => boolean;
}

async function serveAgent(): Promise<Served> {
  const feed = createLogFeed();
  const server = createGrpcServer({ address: '127.0.0.1:0', services: [logService(feed)] });
  await server.start(never);
  cleanups.push(() => server.stop());
  const isOpenTo = (clients: number): boolean =>
    Object.values(feed.counts()).every((counts) => counts.subscribers >= clients);
  return { feed, address: `127.0.0.1:${String(server.port)}`, isOpenTo };
}

async function serveRelay(): Promise<Served> {
  const agent = await serveAgent();
  const relay = runNode('relay', [
    ...['-gRPCPort', '0', '--listen', '127.0.0.1', '--ops-listen', '127.0.0.1', '--ops-port', '0'],
    ...['--agents', agent.address],
  ]);
  await until(() => relay.stderr().includes('relay serves') || relay.child.exitCode !== null);
  const line = relay
    .stderr()
    .split('\n')
    .find((row) => row.includes('relay serves'));
  if (line === undefined) throw new Error(relay.stderr());
  await until(() => agent.isOpenTo(1));
  return { ...agent, address: `127.0.0.1:${String(JSON.parse(line).grpcPort)}`, isOpenTo: () => true };
}

/** What the published module knows: KubeArmor of March 2024. */
const shared = {
  Timestamp: 1_785_400_000,
  UpdatedTime: '2026-07-30T08:26:40.112233Z',
  ClusterName: 'lab-north',
  HostName: 'edge-4',
  NamespaceName: 'bakery',
  Owner: { Ref: 'Deployment', Name: 'oven', Namespace: 'bakery' },
  PodName: 'oven-7c9d-q2m5z',
  Labels: 'app=oven,tier=<web>&"more"',
  ContainerID: 'f00d77',
  ContainerName: 'oven',
  ContainerImage: 'registry.test/bakery/oven:3@sha256:cc33',
  ParentProcessName: '/bin/sh',
  ProcessName: '/bin/cat',
  HostPPID: 51_210,
  HostPID: 51_877,
  PPID: 19,
  PID: 212,
  UID: 0,
  Type: 'MatchedPolicy',
  Source: '/bin/cat a\\b \t\n\r\b\f\u0001\u007f \u2028\u2029 é 🥖',
  Operation: 'File',
  Resource: '/run/secrets/token',
  Data: 'lsm=FILE_OPEN',
  Result: 'Permission denied',
  Cwd: '/',
  TTY: 'pts0',
};
const verdict = {
  PolicyName: 'guard-token',
  Severity: '7',
  Tags: 'MITRE,NIST',
  ATags: ['MITRE', 'NIST'],
  Message: 'a token was read',
  Enforcer: 'BPFLSM',
  Action: 'Block',
};
const newer = {
  EventData: { Lsm: 'FILE_OPEN' },
  ExecEvent: { ExecID: '0', ExecutableName: 'cat' },
  NodeID: 'c0ffee42',
  ProcessHash: 'aa',
  ParentHash: 'bb',
  ResourceHash: 'cc',
  HashAlgo: 'sha256',
  UserName: 'root',
};
const alert = Alert.create({ ...shared, ...verdict });
const newerAlert = Alert.create({
  ...alert,
  ...newer,
  MaxAlertsPerSec: 10,
  DroppingAlertsInterval: 30,
  KubeArmorVersion: 'v0.1.0',
});
const message = Message.create({
  Timestamp: 1_785_400_000,
  UpdatedTime: '2026-07-30T08:26:40.112233Z',
  ClusterName: 'lab-north',
  HostName: 'edge-4',
  HostIP: '10.0.0.4',
  Type: 'Message',
  Level: 'INFO',
  Message: 'up <again>',
});
/** In the order they are sent; each stream keeps its own. */
const sent = {
  alert: [alert, Alert.create({ PolicyName: 'p' }), newerAlert],
  log: [Log.create(shared), Log.create({}), Log.create({ ...shared, ...newer })],
  message: [message, Message.create({})],
};
const total = sent.alert.length + sent.log.length + sent.message.length;

function publish(feed: ServedLogFeed): void {
  for (const event of sent.alert) feed.publishAlert(event);
  for (const event of sent.log) feed.publishLog(event);
  for (const event of sent.message) feed.publishMessage(event);
}

const eventsOf = (lines: readonly StockLine[]): readonly StockLine[] =>
  lines.filter((line) => line.json !== undefined);

/** The object without the keys that the stock client's version of the module has no name for. */
function without(line: string, keys: readonly string[]): unknown {
  return Object.fromEntries(Object.entries(JSON.parse(line)).filter(([key]) => !keys.includes(key)));
}

describe.each([
  ['an agent', serveAgent],
  ['a relay', serveRelay],
])('%s', (_name, serve) => {
  stockTest('gives a stock client every field, printed as karmor logs --json prints it', async () => {
    const { feed, address, isOpenTo } = await serve();
    const stock = runStockClient(binary, ['-address', address, '-count', String(total)]);
    cleanups.push(() => stock.stop());
    const karmor = runNode('karmor', [
      ...['logs', '--gRPC', address, '--json', '--logFilter', 'all', '--msgPath', 'stdout'],
    ]);
    await stock.until((lines) => lines.some((line) => line.kind === 'health'));
    await until(() => karmor.stderr().includes('Checked the liveness') && isOpenTo(2));
    publish(feed);
    const lines = eventsOf(await stock.until((all) => eventsOf(all).length === total));
    await until(() => karmor.stdout().split('\n').length > total);
    const printed = karmor.stdout().split('\n').slice(0, total);

    expect(stock.lines[0]).toMatchObject({ kind: 'health', echo: stock.lines[0]!.nonce });
    expect(await stock.ended).toBe(0);
    const oldFirst = sent.alert.slice(0, 2).length;
    for (const kind of ['alert', 'log', 'message'] as const) {
      const ours = printed.filter((line) => kindOf(line) === kind);
      const theirs = lines.filter((line) => line.kind === kind);
      expect(theirs).toHaveLength(sent[kind].length);
      // Byte for byte where the module knows every field.
      expect(theirs.slice(0, oldFirst).map((line) => line.json)).toEqual(ours.slice(0, oldFirst));
      expect(theirs.slice(0, oldFirst).every((line) => line.unknown === undefined)).toBe(true);
      if (kind === 'message') continue;
      // Fields that came later than the module pass through it unread, and the others are as before.
      const laterKeys = [...Object.keys(newer), ...(kind === 'alert' ? laterAlertKeys : [])];
      expect(JSON.parse(theirs[2]!.json!)).toEqual(without(ours[2]!, laterKeys));
      expect(Object.keys(JSON.parse(ours[2]!))).toEqual(expect.arrayContaining(laterKeys));
      expect([...theirs[2]!.unknown!].sort((a, b) => a - b)).toEqual(laterNumbers[kind]);
    }
  });

  stockTest('answers the filters of stock clients as a stock server does', async () => {
    const { feed, address } = await serve();
    const odd = runStockClient(binary, [
      ...['-address', address, '-alerts', 'system', '-logs', '', '-messages', ''],
    ]);
    cleanups.push(() => odd.stop());
    const lines = await odd.until((all) => all.length === 3);
    expect(lines.filter((line) => line.kind === 'end').map(({ stream, code }) => [stream, code])).toEqual(
      expect.arrayContaining([
        ['alerts', 'OK'],
        ['logs', 'OK'],
      ]),
    );
    // The stream of messages stays, with the empty filter that karmor sends.
    feed.publishMessage(message);
    await odd.until((all) => eventsOf(all).length === 1);
  });
});

stockTest('a stock client with a certificate is served over TLS, and none without', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'stock-tls-'));
  cleanups.push(() => rmSync(dir, { recursive: true }));
  const ca = createAuthority((cleanup) => cleanups.push(cleanup));
  ca.install(dir, 'client');
  const leaf = ca.issue('server');
  const bytes = {
    ca: Buffer.from(ca.certificate),
    certificate: Buffer.from(leaf.certificate),
    key: Buffer.from(leaf.key),
  };
  const feed = createLogFeed();
  const credentials = tlsServerCredentials({ current: () => bytes, onChange: () => () => undefined });
  const server = createGrpcServer({ address: '127.0.0.1:0', services: [logService(feed)], credentials });
  await server.start(never);
  cleanups.push(() => server.stop());

  const trust = ['-address', `localhost:${String(server.port)}`, '-ca', join(dir, 'ca.crt')];
  const own = ['-cert', join(dir, 'client.crt'), '-key', join(dir, 'client.key')];
  const stock = runStockClient(binary, [...trust, ...own, '-count', '1']);
  cleanups.push(() => stock.stop());
  await stock.until((lines) => lines.some((line) => line.kind === 'health'));
  feed.publishAlert(alert);
  expect(await stock.ended).toBe(0);
  expect(eventsOf(stock.lines)).toHaveLength(1);

  for (const args of [trust, ['-address', `localhost:${String(server.port)}`]]) {
    const refused = runStockClient(binary, args);
    cleanups.push(() => refused.stop());
    expect(await refused.ended).toBe(1);
    expect(refused.lines.at(-1)).toMatchObject({ kind: 'failed', code: 'Unavailable' });
  }
});

const laterAlertKeys = ['MaxAlertsPerSec', 'DroppingAlertsInterval', 'KubeArmorVersion'];
const laterNumbers = {
  alert: [34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44],
  log: [27, 28, 29, 30, 31, 32, 33, 34],
};

/** The lines on stdout carry no kind of their own: only an alert of ours has a policy, only a message a level. */
function kindOf(line: string): 'alert' | 'log' | 'message' {
  const event = JSON.parse(line) as Record<string, unknown>;
  if (line === '{}' || 'Level' in event) return 'message';
  return 'PolicyName' in event ? 'alert' : 'log';
}
