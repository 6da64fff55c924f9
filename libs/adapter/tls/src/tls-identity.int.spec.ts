import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { createAuthority } from '@kubearmor-ts/certificates';
import { createRealClock } from '@kubearmor-ts/life';
import { Metrics } from '@kubearmor-ts/telemetry';
import {
  TlsError,
  addTlsMetrics,
  clientFiles,
  createTlsIdentity,
  keepSecureContext,
  secureContextOf,
  serverFiles,
  tlsReadyCheck,
} from './index.ts';
import type { TlsIdentityOptions, TlsProblem } from './index.ts';

/** openssl and file events on a loaded machine: this only ends a hang. */
const slowMachineMs = 60_000;
const slowTest = (name: string, run: () => Promise<void>): void => test(name, run, slowMachineMs);
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const authority = () => createAuthority((cleanup) => cleanups.push(cleanup));

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ka-tls-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** An identity that runs; `next` waits for what it says next. */
async function run(dir: string, options: Partial<TlsIdentityOptions> = {}) {
  const said: ('replaced' | TlsProblem)[] = [];
  const waiters: (() => void)[] = [];
  const identity = createTlsIdentity({
    files: serverFiles(dir),
    usage: 'server',
    clock: createRealClock(),
    settleMs: 20,
    onLook: (outcome) => {
      said.push(outcome);
      waiters.shift()?.();
    },
    ...options,
  });
  const stop = new AbortController();
  await identity.start(stop.signal);
  cleanups.push(async () => {
    stop.abort();
    await identity.stop();
  });
  const next = async () => {
    if (said.length === 0) await new Promise<void>((resolve) => waiters.push(resolve));
    return said.shift()!;
  };
  return { identity, next };
}

slowTest('a new certificate is in force without a restart, and listeners hear of it', async () => {
  const dir = directory();
  const ca = authority();
  ca.install(dir, 'server');
  const { identity, next } = await run(dir);
  const before = identity.current();
  const heard: Buffer[] = [];
  identity.onChange((material) => heard.push(material.certificate));
  ca.install(dir, 'server');
  expect(await next()).toBe('replaced');
  expect(identity.current().certificate.equals(before.certificate)).toBe(false);
  expect(heard).toEqual([identity.current().certificate]);
  expect(identity.problem()).toBeUndefined();
});

slowTest('the swap of a mounted secret is seen, links and all', async () => {
  const dir = directory();
  const ca = authority();
  for (const version of ['..1', '..2']) {
    mkdirSync(join(dir, version));
    ca.install(join(dir, version), 'server');
  }
  symlinkSync('..1', join(dir, '..data'));
  for (const file of ['ca.crt', 'server.crt', 'server.key'])
    symlinkSync(join('..data', file), join(dir, file));
  const { identity, next } = await run(dir);
  symlinkSync('..2', join(dir, '..data_tmp'));
  renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
  expect(await next()).toBe('replaced');
  expect(identity.counts).toEqual({ replaced: 1, refused: 0 });
});

slowTest(
  'files that do not fit leave the old ones in force, are counted once, and their repair is taken',
  async () => {
    const dir = directory();
    const ca = authority();
    ca.install(dir, 'server');
    let looks = 0;
    const clock = createRealClock();
    const counting = {
      ...clock,
      sleep: (ms: number, signal: AbortSignal) => {
        looks += 1;
        return clock.sleep(ms, signal);
      },
    };
    const { identity, next } = await run(dir, { lookMs: 20, clock: counting });
    const before = identity.current();
    writeFileSync(join(dir, 'server.key'), ca.issue('server').key);
    expect(await next()).toMatchObject({ code: 'KA_TLS_KEY_MISMATCH', object: join(dir, 'server.key') });
    expect(identity.problem()?.code).toBe('KA_TLS_KEY_MISMATCH');
    expect(identity.current()).toBe(before);
    rmSync(join(dir, 'server.crt'));
    expect(await next()).toMatchObject({ code: 'KA_TLS_READ', place: 'certificate' });
    // Several looks later it is still the one refusal.
    const begun = looks;
    while (looks < begun + 10) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(identity.counts.refused).toBe(2);
    ca.install(dir, 'server');
    expect(await next()).toBe('replaced');
    expect(identity.problem()).toBeUndefined();
  },
);

slowTest('an expired certificate is reported at start and never replaces a valid one', async () => {
  const dir = directory();
  const ca = authority();
  ca.install(dir, 'server', { fromDays: -3, toDays: -1 });
  const { identity, next } = await run(dir);
  expect(identity.problem()).toMatchObject({ code: 'KA_TLS_EXPIRED', place: 'certificate' });
  expect(tlsReadyCheck('tls', identity)).toMatchObject({
    isReady: false,
    reason: expect.stringMatching(/KA_TLS_EXPIRED .*server.crt: .* expired at/),
  });
  ca.install(dir, 'server');
  expect(await next()).toBe('replaced');
  expect(identity.problem()).toBeUndefined();
  const valid = identity.current();
  ca.install(dir, 'server', { fromDays: -3, toDays: -1 });
  expect(await next()).toMatchObject({ code: 'KA_TLS_EXPIRED' });
  expect(identity.current()).toBe(valid);
  // What is in use is fine; the files beside it are told of.
  expect(tlsReadyCheck('tls', identity)).toMatchObject({
    isReady: true,
    reason: expect.stringContaining('KA_TLS_EXPIRED'),
  });
});

slowTest('files that cannot be used at start are an error that names each', async () => {
  const dir = directory();
  const identity = createTlsIdentity({ files: clientFiles(dir), usage: 'client', clock: createRealClock() });
  const failure = await identity.start(new AbortController().signal).catch((cause: unknown) => cause);
  expect(failure).toBeInstanceOf(TlsError);
  expect((failure as TlsError).message).toContain(`KA_TLS_READ ${join(dir, 'client.key')}: cannot be read`);
  expect((failure as TlsError).problems.map(({ place }) => place).sort()).toEqual([
    'ca',
    'certificate',
    'key',
  ]);
});

slowTest('metrics show when the certificate ends and what became of changes', async () => {
  const dir = directory();
  authority().install(dir, 'server', { toDays: 2 });
  const { identity } = await run(dir);
  const metrics = new Metrics();
  addTlsMetrics(metrics, 'ka_relay', [identity]);
  const label = `{certificate="${join(dir, 'server.crt')}"}`;
  const ends = /expiry_timestamp_seconds\{[^}]+\} (\d+)/.exec(metrics.render())?.[1];
  expect(Math.abs(Number(ends) - (Date.now() / 1000 + 2 * 86_400))).toBeLessThan(120);
  expect(metrics.render()).toContain(`ka_relay_tls_problem${label} 0\n`);
  expect(metrics.render()).toContain(`ka_relay_tls_refused_total${label} 0\n`);
});

/** The serial number of the certificate the server shows on a new connection. */
async function handshake(port: number, options: object): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...options }, () => resolve(socket));
    socket.on('error', reject);
    cleanups.push(() => socket.destroy());
  });
}

slowTest('an https server shows the new certificate to new connections and keeps the open ones', async () => {
  const dir = directory();
  const ca = authority();
  ca.install(dir, 'server');
  ca.install(dir, 'client');
  const { identity, next } = await run(dir);
  const server = createServer(
    { ...secureContextOf(identity.current()), requestCert: true, rejectUnauthorized: true },
    (_request, response) => response.end('ok'),
  );
  cleanups.push(keepSecureContext(server, identity));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const client = await run(dir, { files: clientFiles(dir), usage: 'client' });
  const own = secureContextOf(client.identity.current());
  const first = await handshake(port, own);
  ca.install(dir, 'server');
  expect(await next()).toBe('replaced');
  const second = await handshake(port, own);
  expect(second.getPeerCertificate().serialNumber).not.toBe(first.getPeerCertificate().serialNumber);
  const answer = new Promise<string>((resolve) => first.once('data', (data) => resolve(data.toString())));
  first.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(await answer).toContain('200 OK');

  await expect(handshake(port, { ...own, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
  await expect(handshake(port, { ca: own.ca, maxVersion: 'TLSv1.2' })).rejects.toMatchObject({
    code: expect.stringMatching(/^(ERR_SSL|ECONNRESET|EPIPE)/),
  });
});
