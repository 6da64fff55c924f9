import { createAuthority } from '@kubearmor-ts/certificates';
import type { Authority, LeafOptions } from '@kubearmor-ts/certificates';
import { createRealClock } from '@kubearmor-ts/life';
import { until } from '@kubearmor-ts/until';
import {
  createGrpcServer,
  createLogClient,
  createLogFeed,
  followLogService,
  logService,
  tlsChannelCredentials,
  tlsServerCredentials,
} from './index.ts';
import type { SessionState, TlsBytes, TlsBytesSource } from './index.ts';

/** openssl on a loaded machine: the tests wait for events, this only ends a hang. */
const slowMachineMs = 60_000;
const slowTest = (name: string, run: () => Promise<void>): void => test(name, run, slowMachineMs);
const never = new AbortController().signal;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const newAuthority = (): Authority => createAuthority((cleanup) => cleanups.push(cleanup));

function bytesOf(
  ca: Authority,
  name: 'server' | 'client',
  options: LeafOptions = {},
  trusted = ca,
): TlsBytes {
  const leaf = ca.issue(name, options);
  return {
    ca: Buffer.from(trusted.certificate),
    certificate: Buffer.from(leaf.certificate),
    key: Buffer.from(leaf.key),
  };
}

/** A source that changes when the test says so. */
function aSource(first: TlsBytes) {
  const listeners = new Set<(bytes: TlsBytes) => void>();
  let bytes = first;
  const source: TlsBytesSource = {
    current: () => bytes,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const replace = (next: TlsBytes): void => {
    bytes = next;
    for (const listener of listeners) listener(next);
  };
  return { ...source, replace };
}

async function serve(source: TlsBytesSource | undefined) {
  const feed = createLogFeed();
  const server = createGrpcServer({
    address: '127.0.0.1:0',
    services: [logService(feed)],
    ...(source === undefined ? {} : { credentials: tlsServerCredentials(source) }),
  });
  await server.start(never);
  cleanups.push(() => server.stop());
  return { feed, port: server.port };
}

function connect(address: string, source: TlsBytesSource | undefined) {
  const client = createLogClient({
    address,
    ...(source === undefined ? {} : { credentials: tlsChannelCredentials(source) }),
  });
  cleanups.push(() => client.close());
  return client;
}

slowTest('ends that show certificates of one authority talk, by name and by address', async () => {
  const ca = newAuthority();
  const { port } = await serve(aSource(bytesOf(ca, 'server')));
  const own = aSource(bytesOf(ca, 'client'));
  await connect(`localhost:${String(port)}`, own).healthCheck();
  // Agents are dialled by the address of their node.
  await connect(`127.0.0.1:${String(port)}`, own).healthCheck();
});

describe('a connection is refused with a code that says it is about TLS', () => {
  const cases: [string, (ca: Authority) => Promise<{ address: string; client?: TlsBytesSource }>, RegExp][] =
    [
      [
        'when the client speaks in clear text',
        async (ca) => ({
          address: `localhost:${String((await serve(aSource(bytesOf(ca, 'server')))).port)}`,
        }),
        /./,
      ],
      [
        'when the server speaks in clear text',
        async (ca) => ({
          address: `localhost:${String((await serve(undefined)).port)}`,
          client: aSource(bytesOf(ca, 'client')),
        }),
        /clear text/,
      ],
      [
        'when the server is known by other names only',
        async (ca) => ({
          address: `127.0.0.1:${String((await serve(aSource(bytesOf(ca, 'server', { names: ['IP:10.0.0.4'] })))).port)}`,
          client: aSource(bytesOf(ca, 'client')),
        }),
        /127\.0\.0\.1/,
      ],
      [
        'when the server certificate has expired',
        async (ca) => ({
          address: `localhost:${String((await serve(aSource(bytesOf(ca, 'server', { fromDays: -3, toDays: -1 })))).port)}`,
          client: aSource(bytesOf(ca, 'client')),
        }),
        /expired/,
      ],
      [
        'when the server belongs to another authority',
        async (ca) => ({
          address: `localhost:${String((await serve(aSource(bytesOf(newAuthority(), 'server')))).port)}`,
          client: aSource(bytesOf(ca, 'client')),
        }),
        /self-signed certificate in certificate chain/,
      ],
      [
        'when the client belongs to another authority',
        async (ca) => ({
          address: `localhost:${String((await serve(aSource(bytesOf(ca, 'server')))).port)}`,
          client: aSource(bytesOf(newAuthority(), 'client', {}, ca)),
        }),
        /does not accept the certificate of this client/,
      ],
    ];
  test.each(cases)(
    '%s',
    async (_name, arrange, message) => {
      const { address, client } = await arrange(newAuthority());
      const failure = await connect(address, client)
        .healthCheck()
        .catch((cause: unknown) => cause);
      expect(failure).toMatchObject({
        code: client === undefined ? 'KA_STREAM_UNREACHABLE' : 'KA_STREAM_TLS',
        message: expect.stringMatching(message),
      });
    },
    slowMachineMs,
  );
});

slowTest(
  'rotation under load drops no stream and loses nothing, and the next connection gets the new one',
  async () => {
    const ca = newAuthority();
    const server = aSource(bytesOf(ca, 'server'));
    const client = aSource(bytesOf(ca, 'client'));
    const { feed, port } = await serve(server);
    const address = `localhost:${String(port)}`;
    const stop = new AbortController();
    cleanups.push(() => stop.abort());
    const states: SessionState[] = [];
    const received: string[] = [];
    const following = followLogService(
      {
        address,
        credentials: tlsChannelCredentials(client),
        filters: { alerts: 'policy' },
        clock: createRealClock(),
        random: () => 0,
        onState: (state) => states.push(state),
        onMessage: (_kind, bytes) => {
          received.push(bytes.toString());
        },
      },
      stop.signal,
    );
    await until(() => feed.hasSubscribers('alerts'));

    // An authority changes in three steps: trust both, show the new certificate, forget the old authority.
    const next = newAuthority();
    const both = Buffer.from(ca.certificate + next.certificate);
    const steps: (() => void)[] = [
      () => server.replace({ ...server.current(), ca: both }),
      () => client.replace({ ...client.current(), ca: both }),
      () => server.replace({ ...bytesOf(next, 'server'), ca: both }),
      () => client.replace({ ...bytesOf(next, 'client'), ca: both }),
      () => server.replace({ ...server.current(), ca: Buffer.from(next.certificate) }),
      () => client.replace({ ...client.current(), ca: Buffer.from(next.certificate) }),
    ];
    let sent = 0;
    for (const step of steps) {
      for (let count = 0; count < 500; count++) feed.publishRaw('alerts', Buffer.from(String((sent += 1))));
      step();
      await connect(address, client).healthCheck();
      await until(() => received.length === sent);
    }
    expect(received).toEqual(Array.from({ length: sent }, (_, index) => String(index + 1)));
    expect(states.map(({ kind }) => kind)).toEqual(['connecting', 'streaming']);
    expect(feed.counts().alerts.dropped).toBe(0);
    // The old authority is worth nothing any more.
    await expect(
      connect(address, aSource(bytesOf(ca, 'client', {}, next))).healthCheck(),
    ).rejects.toMatchObject({
      code: 'KA_STREAM_TLS',
    });
    stop.abort();
    await following;
  },
);

slowTest('a follower whose certificate was refused is let in once it is renewed', async () => {
  const ca = newAuthority();
  const client = aSource(bytesOf(ca, 'client', { fromDays: -3, toDays: -1 }));
  const { feed, port } = await serve(aSource(bytesOf(ca, 'server')));
  const stop = new AbortController();
  cleanups.push(() => stop.abort());
  const causes: string[] = [];
  const following = followLogService(
    {
      address: `localhost:${String(port)}`,
      credentials: tlsChannelCredentials(client),
      filters: { alerts: 'policy' },
      clock: createRealClock(),
      random: () => 0,
      backoff: { firstMs: 20, maxMs: 20 },
      onState: (state) => {
        if (state.kind === 'waiting') causes.push(state.cause);
      },
      onMessage: () => undefined,
    },
    stop.signal,
  );
  await until(() => causes.length > 1);
  expect(causes[1]).toContain('KA_STREAM_TLS');
  client.replace(bytesOf(ca, 'client'));
  await until(() => feed.hasSubscribers('alerts'));
  stop.abort();
  await following;
});
