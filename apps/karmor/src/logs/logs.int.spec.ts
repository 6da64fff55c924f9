import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '@kubearmor-ts/certificates';
import { Alert, Log, Message } from '@kubearmor-ts/proto';
import { createGrpcServer, createLogFeed, logService, tlsServerCredentials } from '@kubearmor-ts/stream';
import type { TlsBytesSource } from '@kubearmor-ts/stream';
import { until } from '@kubearmor-ts/until';

/** Processes and sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 30_000;
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(source?: TlsBytesSource) {
  const feed = createLogFeed();
  const server = createGrpcServer({
    address: '127.0.0.1:0',
    services: [logService(feed)],
    ...(source === undefined ? {} : { credentials: tlsServerCredentials(source) }),
  });
  await server.start(never);
  cleanups.push(() => server.stop());
  return { feed, server, address: `127.0.0.1:${String(server.port)}` };
}

const main = join(import.meta.dirname, '../main.ts');

function karmor(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--conditions=ka-source', main, 'logs', ...args], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, stdout, stderr })),
  );
  cleanups.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  return { child, ended, stderr: () => stderr, stdout: () => stdout };
}

const alert = Alert.create({
  UpdatedTime: '2026-07-30T08:26:40.112233Z',
  NamespaceName: 'bakery',
  Type: 'MatchedPolicy',
  PolicyName: 'guard-token',
  Operation: 'File',
  Resource: '/run/<token>',
  Action: 'Block',
});

test(
  'prints matching alerts as JSON lines and nothing else on stdout, up to the limit',
  async () => {
    const { feed, address } = await serve();
    const run = karmor(['--json', '-n', 'BAK', '--operation', 'file', '--policy', 'guard', '--limit', '3'], {
      KUBEARMOR_SERVICE: address,
    });
    await until(() => feed.hasSubscribers('alerts'));
    expect(feed.hasSubscribers('logs')).toBe(false);
    feed.publishAlert(alert);
    feed.publishAlert({ ...alert, NamespaceName: 'other' });
    feed.publishAlert({ ...alert, PolicyName: 'guard-more' });
    const { code, stdout, stderr } = await run.ended;
    expect(stdout.split('\n')).toEqual([
      '{"UpdatedTime":"2026-07-30T08:26:40.112233Z","NamespaceName":"bakery","PPID":0,"UID":0,"PolicyName":"guard-token","Type":"MatchedPolicy","Operation":"File","Resource":"/run/\\u003ctoken\\u003e","Action":"Block"}',
      expect.stringContaining('"PolicyName":"guard-more"'),
      '',
    ]);
    expect(stderr).toContain('Created a gRPC client');
    expect(stderr).toContain('Started to watch alerts');
    expect(code).toBe(0);
  },
  slowMachineMs,
);

test(
  'alerts, logs and messages go where they are sent',
  async () => {
    const { feed, address } = await serve();
    const dir = mkdtempSync(join(tmpdir(), 'karmor-logs-'));
    cleanups.push(() => rmSync(dir, { recursive: true }));
    const [logPath, msgPath] = [join(dir, 'events'), join(dir, 'messages')];
    const args = [
      '--gRPC',
      address,
      '--logFilter',
      'all',
      '--logPath',
      logPath,
      '--msgPath',
      msgPath,
      '-o',
      'pretty-json',
    ];
    const run = karmor(args);
    await until(() => (['alerts', 'logs', 'messages'] as const).every((kind) => feed.hasSubscribers(kind)));
    feed.publishAlert(alert);
    feed.publishMessage(Message.create({ Level: 'INFO', Message: 'up' }));
    const read = (path: string): string => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return '';
      }
    };
    await until(() => read(logPath).endsWith('}\n') && read(msgPath).endsWith('}\n'));
    feed.publishLog(Log.create({ Type: 'HostLog' }));
    await until(() => read(logPath).includes('HostLog'));
    run.child.kill('SIGINT');
    const { code, stdout } = await run.ended;
    expect([code, stdout]).toEqual([0, '']);
    expect(read(msgPath)).toBe('{\n  "Level": "INFO",\n  "Message": "up"\n}\n');
    expect(read(logPath)).toContain('  "Resource": "/run/\\u003ctoken\\u003e",\n');
  },
  slowMachineMs,
);

test(
  'ends with 1 when the server ends, and says so',
  async () => {
    const { feed, server, address } = await serve();
    const run = karmor(['--gRPC', address]);
    await until(() => feed.hasSubscribers('alerts'));
    await server.stop();
    const { code, stderr } = await run.ended;
    expect(stderr).toMatch(/karmor: KA_STREAM_(ENDED|UNREACHABLE)/);
    expect(code).toBe(1);
  },
  slowMachineMs,
);

test(
  'a server that is not there is a failure with its address',
  async () => {
    const { code, stderr } = await karmor(['--gRPC', '127.0.0.1:1']).ended;
    expect(stderr).toContain('karmor: KA_STREAM_UNREACHABLE 127.0.0.1:1');
    expect(code).toBe(1);
  },
  slowMachineMs,
);

test(
  '--secure shows the client certificate of the directory, and a broken one is told by file',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'karmor-tls-'));
    cleanups.push(() => rmSync(dir, { recursive: true }));
    const ca = createAuthority((cleanup) => cleanups.push(cleanup));
    ca.install(dir, 'client');
    const leaf = ca.issue('server');
    const bytes = {
      ca: Buffer.from(ca.certificate),
      certificate: Buffer.from(leaf.certificate),
      key: Buffer.from(leaf.key),
    };
    const { feed, address } = await serve({ current: () => bytes, onChange: () => () => undefined });
    const secure = ['--gRPC', address, '--secure', '--tlsCertPath', dir];
    const run = karmor([...secure, '--json', '--limit', '1']);
    await until(() => feed.hasSubscribers('alerts'));
    feed.publishAlert(alert);
    const { code, stdout } = await run.ended;
    expect([code, stdout.split('\n').length]).toEqual([0, 2]);

    writeFileSync(join(dir, 'client.key'), leaf.key);
    const broken = await karmor([...secure, '--tlsCertProvider', 'external']).ended;
    expect(broken.stderr).toContain(`karmor: KA_TLS_KEY_MISMATCH ${join(dir, 'client.key')}`);
    rmSync(join(dir, 'client.crt'));
    const absent = await karmor(secure).ended;
    expect(absent.stderr).toContain(`KA_TLS_READ ${join(dir, 'client.crt')}`);
    expect(absent.stderr).toContain('kubearmor-client-certs');
    expect([broken.code, absent.code]).toEqual([1, 1]);

    const plain = await karmor(['--gRPC', address]).ended;
    expect(plain.stderr).toContain('karmor: KA_STREAM_UNREACHABLE');
  },
  slowMachineMs,
);

test.each([
  [['--pod', '('], '--pod is not a regular expression'],
  [['--logFilter', 'some'], "'some' is invalid"],
  [['--limit', 'x'], '--limit x is not a count'],
  [['--logPath', 'none'], 'both --logPath and --msgPath are none'],
])(
  '%j is wrong usage',
  async (args, message) => {
    const { code, stderr } = await karmor(args).ended;
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  },
  slowMachineMs,
);
