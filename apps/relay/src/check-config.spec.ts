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
  const checked = check('--agents', 'a,b:7,a:32767,[::1]:5,[fe80::1]');
  expect(checked.ok ? checked.value.agents.map(({ source }) => source) : []).toEqual(
    ['a:32767', 'b:7', '[::1]:5', '[fe80::1]:32767'].map((address) => ({ kind: 'static', address })),
  );
});

test('agents may be found by name and among pods, each word a source of its own', () => {
  const checked = check('--agents', 'dns:agents.shop.svc.cluster.local,srv:_g._tcp.a,pods:kubearmor,pods:');
  expect(checked.ok ? checked.value.agents : []).toEqual([
    {
      word: 'dns:agents.shop.svc.cluster.local',
      source: { kind: 'host', name: 'agents.shop.svc.cluster.local', port: 32767 },
    },
    { word: 'srv:_g._tcp.a', source: { kind: 'srv', name: '_g._tcp.a' } },
    { word: 'pods:kubearmor', source: { kind: 'pods', namespace: 'kubearmor', port: 32767 } },
    { word: 'pods:', source: { kind: 'pods', port: 32767 } },
  ]);
});

test('name servers are addresses, with a port or without', () => {
  expect(check('--dns-servers', '10.0.0.1,10.0.0.1:53,fd00::1,[fd00::1]:53').ok).toBe(true);
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
  [['--agents', 'pods:Shop'], '--agents: pods:Shop is not pods:namespace:port'],
  [['--agents', 'dns:a..b'], '--agents: dns:a..b names no host'],
  [['--dns-servers', 'ns1.test'], '--dns-servers: ns1.test is not an address with a port'],
  [['--dns-servers', '10.0.0.1:0'], '--dns-servers: 10.0.0.1:0 is not an address with a port'],
  [['--otlp-http', 'c:4318'], '--otlp-http: c:4318 is not an http or https URL'],
  [['--otlp-http', 'ftp://c'], '--otlp-http: ftp://c is not an http or https URL'],
  [['--otlp-grpc', 'http://c:4317'], '--otlp-grpc: http://c:4317 is not host:port'],
  [['--otlp-metrics', '{}'], 'otlpMetrics.url is required'],
  [
    ['--otlp-metrics', '{"url":"http://c:4318","speling":1}'],
    expect.stringMatching(/^otlpMetrics\.speling /),
  ],
  [
    ['--otlp-metrics', '{"url":"http://c:4317/x","protocol":"grpc"}'],
    'otlpMetrics.url must have no path for gRPC',
  ],
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
