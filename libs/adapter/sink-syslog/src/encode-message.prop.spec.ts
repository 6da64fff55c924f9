import { bodyFormats } from '@kubearmor-ts/schema-maps';
import { anAlert, hostileAlert, hostileLog } from '@kubearmor-ts/test-events';
import fc from 'fast-check';
import { encodeMessage, frameMessage } from './encode-message.ts';
import { readSyslogConfig } from './index.ts';
import type { SyslogConfig } from './index.ts';
import { readQueue } from './unacknowledged-bytes.ts';

function configOf(value: Readonly<Record<string, unknown>>): SyslogConfig {
  const read = readSyslogConfig({ address: 'tcp://x', ...value }, 's');
  if (!read.ok) throw new Error(read.error[0]!.message);
  return read.value;
}

/** Octet counting as RFC 6587 §3.4.1 has it, over bytes. */
function readCounted(stream: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < stream.length;) {
    const blank = stream.indexOf(' ', at);
    const length = stream.subarray(at, blank).toString('latin1');
    expect(length).toMatch(/^[1-9]\d*$/);
    found.push(stream.subarray(blank + 1, blank + 1 + Number(length)).toString('utf8'));
    at = blank + 1 + Number(length);
  }
  return found;
}

test.each(bodyFormats)(
  '%s: both framings give back the very messages, each one line and within the limit',
  (format) => {
    const config = configOf({ format, maxMessageBytes: 2048 });
    fc.assert(
      fc.property(fc.array(fc.oneof(hostileAlert, hostileLog), { minLength: 1, maxLength: 3 }), (events) => {
        const texts = events.flatMap((event) => {
          const message = encodeMessage({ kind: 'alerts', event }, config);
          return message.ok ? [message.value.text] : [];
        });
        for (const text of texts) {
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
          expect(format === 'leef' ? text.replaceAll('\t', '') : text).not.toMatch(/\p{Cc}/u);
        }
        const counted = texts.map((text) => frameMessage(text, 'octet-counting')).join('');
        expect(readCounted(Buffer.from(counted))).toEqual(texts);
        const lines = texts.map((text) => frameMessage(text, 'lf')).join('');
        expect(lines.split('\n').slice(0, -1)).toEqual(texts);
      }),
      { numRuns: 50 },
    );
  },
);

test('an event that is too long is cut with a mark and stays JSON', () => {
  const event = anAlert({ Resource: 'é'.repeat(100_000) });
  const message = encodeMessage({ kind: 'alerts', event }, configOf({ address: 'udp://x' }));
  if (!message.ok) throw new Error(message.error);
  expect(message.value.isCut).toBe(true);
  const body = message.value.text.slice(message.value.text.indexOf('] {') + 2);
  expect((JSON.parse(body) as { Resource: string }).Resource).toMatch(/^é+\.\.\.\[\+\d+\]$/);
});

test('an event that cannot be encoded is refused with the reason', () => {
  const event = { ...anAlert(), EventData: null } as never;
  expect(encodeMessage({ kind: 'alerts', event }, configOf({}))).toMatchObject({ ok: false });
});

test('the queue of the one connection is read from the table of all', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:C350 0100007F:0259 01 00000A00:00000003 01:00000014 00000000     0        0 1 1',
    '   1: 0100007F:0259 0100007F:C350 01 0000FFFF:00000000 00:00000000 00000000     0        0 2 1',
  ].join('\n');
  expect(readQueue(table, { localPort: 50_000, remotePort: 601, isV6: false })).toBe(0xa00);
  expect(readQueue(table, { localPort: 50_001, remotePort: 601, isV6: false })).toBe(0);
});
