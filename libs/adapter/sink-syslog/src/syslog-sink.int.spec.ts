import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsOptions } from 'node:tls';
import { makeCertificates } from '@kubearmor-ts/fake-receiver';
import type { Certificates } from '@kubearmor-ts/fake-receiver';
import { createRealClock } from '@kubearmor-ts/life';
import { aLog, anAlert } from '@kubearmor-ts/test-events';
import type { SinkRecord } from '@kubearmor-ts/sink';
import { createSyslogSink, readSyslogConfig } from './index.ts';
import type { SyslogSink } from './index.ts';

/** Processes and sockets on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 120_000;
const never = new AbortController().signal;
const alerts = (...names: string[]): SinkRecord[] =>
  names.map((PolicyName) => ({ kind: 'alerts', event: anAlert({ PolicyName }) }));

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let dir: string;
let certificates: Certificates;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'ka-syslog-'));
  certificates = makeCertificates(dir);
}, slowMachineMs);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function sinkTo(value: Readonly<Record<string, unknown>>): SyslogSink {
  const read = readSyslogConfig(value, 's');
  if (!read.ok) throw new Error(read.error[0]!.message);
  const sink = createSyslogSink({ config: read.value, clock: createRealClock() });
  cleanups.push(() => sink.close());
  return sink;
}

interface Listener {
  readonly port: number;
  readonly received: () => string;
  readonly sockets: readonly Socket[];
  close(): Promise<void>;
}

/** A receiver of this process, for what real ones do not do on demand. */
async function listen(onSocket: (socket: Socket) => void, tls?: TlsOptions, port = 0): Promise<Listener> {
  const sockets: Socket[] = [];
  let text = '';
  const accept = (socket: Socket): void => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    onSocket(socket);
  };
  const server: Server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((done) => server.close(done));
  };
  cleanups.push(close);
  return { port: (server.address() as AddressInfo).port, received: () => text, sockets, close };
}

test(
  'a receiver that talks back garbage gets its events',
  async () => {
    const garbage = Buffer.alloc(100_000, 0xff);
    const server = await listen((socket) => socket.write(garbage));
    const sink = sinkTo({ address: `tcp://127.0.0.1:${String(server.port)}` });
    expect(await sink.deliver(alerts('a'), never)).toEqual({ kind: 'delivered', rejected: [] });
    expect(await sink.deliver(alerts('b'), never)).toEqual({ kind: 'delivered', rejected: [] });
    expect(sink.counts()).toEqual({ cut: 0, connections: 1 });
  },
  slowMachineMs,
);

test(
  'a receiver that stops reading is found out within the time limit, and what it did not acknowledge is tried again',
  async () => {
    const server = await listen((socket) => socket.pause());
    const sink = sinkTo({ address: `tcp://127.0.0.1:${String(server.port)}`, timeoutMs: 500 });
    const event = anAlert({ Resource: 'x'.repeat(6000) });
    const batch = Array.from({ length: 5000 }, (): SinkRecord => ({ kind: 'alerts', event }));
    const startMs = performance.now();
    const delivery = await sink.deliver(batch, never);
    expect(delivery).toMatchObject({ kind: 'retry', rejected: [] });
    expect(delivery.kind === 'retry' && delivery.indexes).toHaveLength(5000);
    expect(performance.now() - startMs).toBeLessThan(10_000);
  },
  slowMachineMs,
);

test(
  'after a batch that got stuck the next one goes over a new connection, so no message is continued',
  async () => {
    const server = await listen((socket) => socket.pause());
    const sink = sinkTo({ address: `tcp://127.0.0.1:${String(server.port)}`, timeoutMs: 300 });
    const big = Array.from({ length: 2000 }, (): SinkRecord => ({
      kind: 'alerts',
      event: anAlert({ Resource: 'x'.repeat(6000) }),
    }));
    expect((await sink.deliver(big, never)).kind).toBe('retry');
    expect((await sink.deliver(alerts('next'), never)).kind).toBe('delivered');
    expect(sink.counts().connections).toBe(2);
  },
  slowMachineMs,
);

test(
  'a receiver that closed, or was never there, is a retry; the next batch makes a new connection',
  async () => {
    const first = await listen(() => undefined);
    const sink = sinkTo({ address: `tcp://127.0.0.1:${String(first.port)}`, timeoutMs: 2000 });
    expect((await sink.deliver(alerts('a'), never)).kind).toBe('delivered');
    await first.close();
    expect(await sink.deliver(alerts('b', 'c'), never)).toMatchObject({ kind: 'retry', indexes: [0, 1] });
    const second = await listen(() => undefined, undefined, first.port);
    expect((await sink.deliver(alerts('b', 'c'), never)).kind).toBe('delivered');
    expect(second.received()).toContain('policy="b"');
    expect(second.received().indexOf('policy="b"')).toBeLessThan(second.received().indexOf('policy="c"'));
    expect(sink.counts().connections).toBe(2);
  },
  slowMachineMs,
);

test(
  'a stop ends a delivery that hangs',
  async () => {
    const server = await listen((socket) => socket.pause());
    const sink = sinkTo({ address: `tcp://127.0.0.1:${String(server.port)}` });
    const stop = new AbortController();
    const event = anAlert({ Resource: 'x'.repeat(6000) });
    const batch = Array.from({ length: 5000 }, (): SinkRecord => ({ kind: 'alerts', event }));
    const delivery = sink.deliver(batch, stop.signal);
    stop.abort();
    expect((await delivery).kind).toBe('retry');
  },
  slowMachineMs,
);

test(
  'an event that cannot be told is rejected alone',
  async () => {
    const server = await listen(() => undefined);
    const sink = sinkTo({ address: `tcp://127.0.0.1:${String(server.port)}` });
    const broken = { kind: 'alerts', event: { ...anAlert(), EventData: null } } as unknown as SinkRecord;
    expect(await sink.deliver([broken, ...alerts('ok')], never)).toMatchObject({
      kind: 'delivered',
      rejected: [{ index: 0 }],
    });
    expect(server.received()).toContain('policy="ok"');
  },
  slowMachineMs,
);

function issueServer(name: string, days: string, subjectAltName: string): { cert: Buffer; key: Buffer } {
  const at = (file: string): string => join(dir, file);
  const run = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at(`${name}.key`));
  run(
    'req',
    '-new',
    '-key',
    at(`${name}.key`),
    '-subj',
    `/CN=${name}`,
    '-addext',
    subjectAltName,
    '-out',
    at(`${name}.csr`),
  );
  run(
    ...[
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
    ],
    ...['-copy_extensions', 'copy', '-days', days, '-out', at(`${name}.pem`)],
  );
  return { cert: readFileSync(at(`${name}.pem`)), key: readFileSync(at(`${name}.key`)) };
}

test.each<[string, () => { cert: Buffer; key: Buffer }, Readonly<Record<string, unknown>>, RegExp]>([
  ['has expired', () => issueServer('old', '-1', 'subjectAltName=IP:127.0.0.1'), {}, /expired/],
  ['is for another name', () => issueServer('other', '1', 'subjectAltName=DNS:other.test'), {}, /altnames/],
  [
    'is not for the name that is asked for',
    () => certificates.server,
    { serverName: 'siem.test' },
    /altnames/,
  ],
])(
  'a receiver whose certificate %s gets nothing',
  async (_name, server, tls, reason) => {
    const listener = await listen(() => undefined, server());
    const sink = sinkTo({
      address: `tls://127.0.0.1:${String(listener.port)}`,
      tls: { caFile: certificates.caFile, ...tls },
    });
    expect(await sink.deliver(alerts('a'), never)).toMatchObject({
      kind: 'retry',
      reason: expect.stringMatching(reason) as string,
    });
    expect(listener.received()).toBe('');
  },
  slowMachineMs,
);

test(
  'a receiver of an authority that nobody named gets nothing, and a name may be set for one behind an address',
  async () => {
    const listener = await listen(() => undefined, certificates.server);
    const address = `tls://127.0.0.1:${String(listener.port)}`;
    expect((await sinkTo({ address }).deliver(alerts('a'), never)).kind).toBe('retry');
    expect(listener.received()).toBe('');
    const named = sinkTo({ address, tls: { caFile: certificates.caFile, serverName: 'receiver.test' } });
    expect((await named.deliver(alerts('a'), never)).kind).toBe('delivered');
  },
  slowMachineMs,
);

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  '%s: a receiver that wants a certificate we do not have is a retry, though the handshake seemed to be over',
  async (version) => {
    const { cert, key, ca } = { ...certificates.server, ca: certificates.ca };
    const demands = {
      ...{ cert, key, ca, requestCert: true, rejectUnauthorized: true },
      ...{ minVersion: version, maxVersion: version },
    };
    const listener = await listen(() => undefined, demands);
    const address = `tls://127.0.0.1:${String(listener.port)}`;
    const { caFile, client } = certificates;
    expect((await sinkTo({ address, tls: { caFile } }).deliver(alerts('a'), never)).kind).toBe('retry');
    const known = sinkTo({ address, tls: { caFile, ...client } });
    expect(await known.deliver(alerts('a'), never)).toEqual({ kind: 'delivered', rejected: [] });
  },
  slowMachineMs,
);

test(
  'a TLS file that cannot be read means no connection, and is said',
  async () => {
    const sink = sinkTo({ address: 'tls://127.0.0.1:9', tls: { caFile: join(dir, 'none.pem') } });
    expect(await sink.deliver(alerts('a'), never)).toMatchObject({
      kind: 'retry',
      reason: expect.stringContaining('none.pem') as string,
    });
  },
  slowMachineMs,
);

test(
  'UDP: nobody there is a retry from the next datagram on; too long for the way is that event’s rejection',
  async () => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const sink = sinkTo({ address: `udp://127.0.0.1:${String(port)}`, maxMessageBytes: 65_507 });
    const texts: string[] = [];
    socket.on('message', (message) => texts.push(message.toString('utf8')));
    const long: SinkRecord = { kind: 'logs', event: aLog({ Resource: 'x'.repeat(70_000) }) };
    expect(await sink.deliver([...alerts('a'), long, ...alerts('b')], never)).toEqual({
      kind: 'delivered',
      rejected: [],
    });
    expect(sink.counts().cut).toBe(1);
    while (texts.length < 3) await once(socket, 'message');
    expect(texts.map((text) => text.length <= 65_507)).toEqual([true, true, true]);
    expect(texts[1]).toMatch(/x\.\.\.\[\+\d+\]/);
    socket.close();
    const after = await sink.deliver(alerts('c', 'd', 'e', 'f'), never);
    const later = await sink.deliver(alerts('g'), never);
    expect([after.kind, later.kind]).toContain('retry');
  },
  slowMachineMs,
);
