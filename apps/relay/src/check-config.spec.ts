import { parseConfig } from '@kubearmor-ts/config';
import { checkConfig } from './check-config.ts';
import { relayConfigTable } from './config.ts';
import { readConfigFile } from './read-config-file.ts';

function check(...argv: string[]) {
  const config = parseConfig(relayConfigTable, { argv, env: {} });
  if (!config.ok) throw new Error('not a configuration');
  return checkConfig(config.value);
}

test('agents without a port get the relay’s own, and each is followed once', () => {
  expect(check('--agents', 'a,b:7,a:32767,[::1]:5,[fe80::1]')).toMatchObject({
    value: { agents: ['a:32767', 'b:7', '[::1]:5', '[fe80::1]:32767'] },
  });
});

test('a receiver without a path gets the one of OTLP', () => {
  const result = check(
    '--otlp-http',
    'http://c:4318',
    '--otlp-grpc',
    'c:4317',
    '--otlp-headers',
    'X-Key=a=b',
  );
  const receivers = result.ok ? result.value.otlp : [];
  expect(receivers.map(({ name, config }) => [name, config.protocol, config.url.href])).toEqual([
    ['otlp-http', 'http', 'http://c:4318/v1/logs'],
    ['otlp-grpc', 'grpc', 'http://c:4317/'],
  ]);
  expect(receivers[0]?.config.headers).toEqual({ 'x-key': { from: 'value', value: 'a=b' } });
});

test.each([
  [['--agents', 'a:b:c'], '--agents: a:b:c is not host:port'],
  [['--agents', 'a:99999'], '--agents: a:99999 is not host:port'],
  [['--otlp-http', 'c:4318'], '--otlp-http: c:4318 is not an http or https URL'],
  [['--otlp-http', 'ftp://c'], '--otlp-http: ftp://c is not an http or https URL'],
  [['--otlp-grpc', 'http://c:4317'], '--otlp-grpc: http://c:4317 is not host:port'],
  [['--otlp-headers', 'secret'], '--otlp-headers: a header is not name=value'],
])('%j is refused', (argv, message) => {
  expect(check(...argv)).toMatchObject({ ok: false, error: [{ message }] });
});

test('a configuration file is named when it cannot be read', () => {
  expect(readConfigFile(['--config', 'r.json', '-x'], {}, () => '{"a":1}')).toEqual({
    ok: true,
    value: { argv: ['-x'], file: { name: 'r.json', values: { a: 1 } } },
  });
  expect(readConfigFile(['--config=r.json'], {}, () => '[1]')).toMatchObject({
    error: { message: 'configuration file r.json: not a JSON object' },
  });
  expect(readConfigFile([], { KA_RELAY_CONFIG: 'r.json' }, () => '{')).toMatchObject({
    ok: false,
    error: { object: 'r.json' },
  });
  expect(readConfigFile(['-x'], {}, () => '')).toEqual({ ok: true, value: { argv: ['-x'] } });
});
