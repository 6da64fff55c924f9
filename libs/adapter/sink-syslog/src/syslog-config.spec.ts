import { sinkOptionRows } from '@kubearmor-ts/sink-net';
import { readSyslogConfig, showSyslogAddress, syslogOptions } from './index.ts';

const messages = (value: unknown): string[] => {
  const read = readSyslogConfig(value, 'sinks[2]');
  return read.ok ? [] : read.error.map((error) => error.message);
};

test('an address is enough', () => {
  const read = readSyslogConfig({ type: 'syslog', name: 'siem', address: 'tls://siem.test' }, 'sinks[0]');
  expect(read).toMatchObject({
    ok: true,
    value: {
      address: { transport: 'tls', host: 'siem.test', port: 6514 },
      format: 'json',
      facility: 'local0',
      framing: 'octet-counting',
      enterpriseNumber: 32_473,
    },
  });
});

test.each([
  ['udp://10.0.0.1', 'udp://10.0.0.1:514'],
  ['tcp://[fd00::1]:601', 'tcp://[fd00::1]:601'],
  ['tls://a.b-c.test:1', 'tls://a.b-c.test:1'],
])('%s is an address', (address, shown) => {
  const read = readSyslogConfig({ address }, 's');
  expect(read.ok && showSyslogAddress(read.value.address)).toBe(shown);
});

test.each<[string, unknown, string]>([
  ['no address', {}, 'sinks[2].address is required'],
  ['no object', 'tcp://x', 'sinks[2] must be an object'],
  [
    'a stranger',
    { address: 'http://x' },
    'sinks[2].address must be udp://host:port, tcp://host:port or tls://host:port',
  ],
  [
    'a path',
    { address: 'tcp://x:1/y' },
    'sinks[2].address must be udp://host:port, tcp://host:port or tls://host:port',
  ],
  ['a port that is none', { address: 'tcp://x:70000' }, 'sinks[2].address must have a port from 1 to 65535'],
  ['an unknown key', { address: 'tcp://x', adress: 1 }, 'sinks[2].adress is not a key of this sink'],
  [
    'lines over TLS',
    { address: 'tls://x', framing: 'lf' },
    'sinks[2].framing must be octet-counting over TLS (RFC 5425)',
  ],
  [
    'a name with a blank',
    { address: 'tcp://x', appName: 'a b' },
    'sinks[2].appName must be 1 to 48 printable ASCII characters',
  ],
  [
    'a limit that is too low',
    { address: 'tcp://x', maxMessageBytes: 100 },
    'sinks[2].maxMessageBytes must be 0 or at least 480, which every receiver takes',
  ],
])('%s is refused by the name of the key', (_name, value, message) => {
  expect(messages(value)).toContain(message);
});

test('every mistake is reported at once', () => {
  expect(messages({ address: 'x', appName: '', batchSize: 0, format: 'xml' })).toHaveLength(2);
  expect(messages({ address: 'x', appName: '' })).toHaveLength(2);
});

test('the options are a table that can be printed', () => {
  const rows = sinkOptionRows(syslogOptions);
  expect(rows.find((row) => row.name === 'address')).toMatchObject({ type: 'string', default: 'required' });
  expect(rows.map((row) => row.name)).toContain('tls.caFile');
});
