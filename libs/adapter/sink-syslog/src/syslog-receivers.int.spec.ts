import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '@kubearmor-ts/fake-receiver';
import type { Certificates } from '@kubearmor-ts/fake-receiver';
import { createRealClock } from '@kubearmor-ts/life';
import { startSyslogReceiver, syslogReceivers } from '@kubearmor-ts/syslog-receivers';
import type { ReceiverKind, SyslogReceiver } from '@kubearmor-ts/syslog-receivers';
import { aLog, anAlert } from '@kubearmor-ts/test-events';
import type { SinkRecord } from '@kubearmor-ts/sink';
import { encodeMessage } from './encode-message.ts';
import { createSyslogSink, readSyslogConfig } from './index.ts';
import type { SyslogConfig } from './index.ts';

const slowMachineMs = 120_000;
const never = new AbortController().signal;
const kinds: readonly ReceiverKind[] = ['rsyslog', 'syslog-ng'];

for (const kind of kinds.filter((one) => !syslogReceivers.includes(one)))
  test.skip(`${kind} (skipped: sh tools/syslog-receivers.sh has not been run)`, () => undefined);

const hostile = anAlert({
  PolicyName: 'quote"bracket]back\\slash',
  Message: 'first line\nsecond line\r\n<34>1 2026-01-01T00:00:00Z forged su - - - gone\tend\u0000\u001b[2J',
  Resource: '/données/😀/a|b=c\\d',
});
const batch: readonly SinkRecord[] = [
  { kind: 'alerts', event: anAlert() },
  { kind: 'alerts', event: hostile },
  { kind: 'logs', event: aLog() },
];

const receiverTests = (kind: ReceiverKind): void => {
  let dir: string;
  let certificates: Certificates;
  let receiver: SyslogReceiver;
  let seen = 0;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), `ka-${kind}-`));
    certificates = makeCertificates(dir);
    mkdirSync(join(dir, 'run'));
    const { certFile, keyFile } = certificates.server;
    receiver = await startSyslogReceiver(kind, join(dir, 'run'), {
      caFile: certificates.caFile,
      certFile,
      keyFile,
    });
  }, slowMachineMs);
  afterAll(async () => {
    await receiver.stop();
    rmSync(dir, { recursive: true, force: true });
  }, slowMachineMs);

  const configOf = (value: Readonly<Record<string, unknown>>): SyslogConfig => {
    const read = readSyslogConfig(value, 's');
    if (!read.ok) throw new Error(read.error[0]!.message);
    return read.value;
  };
  const addressOf = (transport: string): string => {
    const { udp, tcp, tcpLines, tls } = receiver.ports;
    const port = { udp, tcp, 'tcp lines': tcpLines, tls }[transport]!;
    return `${transport.split(' ')[0]!}://127.0.0.1:${String(port)}`;
  };
  const tls = (): object => ({ tls: { caFile: certificates.caFile, ...certificates.client } });

  test.each([
    ['udp', 'json'],
    ['tcp', 'json'],
    ['tcp', 'cef'],
    ['tcp', 'leef'],
    ['tcp', 'ocsf'],
    ['tcp lines', 'json'],
    ['tcp lines', 'cef'],
    ['tls', 'json'],
    ['tls', 'ecs'],
  ])(
    'over %s, %s bodies arrive byte for byte, one message each',
    async (transport, format) => {
      const config = configOf({
        address: addressOf(transport),
        format,
        maxMessageBytes: 8000,
        framing: transport === 'tcp lines' ? 'lf' : 'octet-counting',
        ...(transport === 'tls' ? tls() : {}),
      });
      const sink = createSyslogSink({ config, clock: createRealClock() });
      expect(await sink.deliver(batch, never)).toEqual({ kind: 'delivered', rejected: [] });
      await sink.close();
      const raw = (await receiver.raw(seen + batch.length)).slice(seen);
      const parsed = (await receiver.parsed(seen + batch.length)).slice(seen);
      seen += batch.length;
      const sent = batch.map((record) => {
        const message = encodeMessage(record, config);
        if (!message.ok) throw new Error(message.error);
        return message.value.text;
      });
      // rsyslog shows control characters of what it takes as #ooo; the only one we send is LEEF's delimiter.
      const shown = kind === 'rsyslog' ? sent.map((text) => text.replaceAll('\t', '#011')) : sent;
      // Datagrams and connections may be taken up in another order.
      expect([...raw].sort()).toEqual([...shown].sort());
      for (const line of parsed) {
        expect(line).toMatch(/^edge-4\|kubearmor\|(MatchedPolicy|ContainerLog)\|\[kubearmor@32473 /);
      }
      expect(parsed.filter((line) => line.includes('policy="quote\\"bracket\\]back\\\\slash"'))).toHaveLength(
        1,
      );
    },
    slowMachineMs,
  );

  test(
    'stopped and started again, it has every event at least once and in order',
    async () => {
      const config = configOf({ address: addressOf('tcp'), timeoutMs: 3000 });
      const sink = createSyslogSink({ config, clock: createRealClock() });
      const named = (name: string): SinkRecord[] => [
        { kind: 'alerts', event: anAlert({ PolicyName: name }) },
      ];
      expect((await sink.deliver(named('before-stop'), never)).kind).toBe('delivered');
      await receiver.stop();
      expect((await sink.deliver(named('while-away'), never)).kind).toBe('retry');
      await receiver.start();
      expect((await sink.deliver(named('while-away'), never)).kind).toBe('delivered');
      expect((await sink.deliver(named('after'), never)).kind).toBe('delivered');
      await sink.close();
      const raw = (await receiver.raw(seen + 3)).slice(seen);
      seen += raw.length;
      const order = raw.map((line) => /policy="([^"]+)"/.exec(line)![1]);
      expect(order).toEqual(['before-stop', 'while-away', 'after']);
    },
    slowMachineMs,
  );

  test(
    'it takes many events a second',
    async () => {
      const total = 10_000;
      const size = 500;
      const config = configOf({ address: addressOf('tcp') });
      const sink = createSyslogSink({ config, clock: createRealClock() });
      const many = Array.from({ length: size }, (): SinkRecord => batch[0]!);
      const before = process.cpuUsage();
      const startMs = performance.now();
      for (let sent = 0; sent < total; sent += size)
        expect((await sink.deliver(many, never)).kind).toBe('delivered');
      const seconds = (performance.now() - startMs) / 1000;
      await sink.close();
      const { user, system } = process.cpuUsage(before);
      const perCpu = Math.round(total / ((user + system) / 1e6));
      const rate = `${String(Math.round(total / seconds))} events/s, ${String(perCpu)} a second of this process's CPU`;
      console.log(`syslog over TCP to ${kind}: ${rate}`);
      seen = (await receiver.raw(seen + total)).length;
    },
    slowMachineMs,
  );
};

for (const kind of kinds.filter((one) => syslogReceivers.includes(one)))
  describe(kind, () => receiverTests(kind));
