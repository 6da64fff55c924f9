import { configHelp, configMarkdown, parseConfig } from './index.ts';
import type { ConfigInputs, ConfigTable } from './index.ts';

const table = {
  port: {
    flag: 'gRPCPort',
    env: 'PORT',
    file: 'port',
    type: 'int',
    default: 32767,
    min: 0,
    max: 65535,
    help: 'listens here',
  },
  agents: { flag: 'agents', env: 'AGENTS', file: 'agents', type: 'list', default: [], help: 'who to follow' },
  tls: { flag: 'tlsEnabled', type: 'bool', default: false, help: 'uses TLS' },
  level: {
    env: 'LEVEL',
    type: 'string',
    oneOf: ['info', 'debug'],
    default: 'info',
    help: 'how much is logged',
  },
  token: { env: 'TOKEN', type: 'string', default: '', isSecret: true, help: 'shown to nobody' },
} as const satisfies ConfigTable;

const parse = (inputs: Partial<ConfigInputs>) => parseConfig(table, { argv: [], env: {}, ...inputs });

const valueOf = (inputs: Partial<ConfigInputs>) => {
  const result = parse(inputs);
  if (!result.ok) throw new Error(result.error.map((error) => error.message).join('; '));
  return result.value;
};
const messagesOf = (inputs: Partial<ConfigInputs>) => {
  const result = parse(inputs);
  return result.ok ? [] : result.error.map((error) => `${error.code} ${error.message}`);
};

test('with nothing given every setting has its default, and cannot be changed', () => {
  const config = valueOf({});
  expect(config).toEqual({ port: 32767, agents: [], tls: false, level: 'info', token: '' });
  expect(Object.isFrozen(config)).toBe(true);
});

test.each([
  [['-gRPCPort', '1', '-agents=a:1,b:2', '-tlsEnabled']],
  [['--gRPCPort=1', '--agents', 'a:1', '--agents', 'b:2', '--tlsEnabled=true']],
])('flags are taken as Go programs take them: %j', (argv) => {
  expect(valueOf({ argv })).toMatchObject({ port: 1, agents: ['a:1', 'b:2'], tls: true });
});

test('a flag beats the environment, which beats the file', () => {
  const file = { name: 'relay.yaml', values: { port: 1, agents: ['f'] } };
  expect(valueOf({ file, env: { PORT: '2' }, argv: ['-gRPCPort', '3'] }).port).toBe(3);
  expect(valueOf({ file, env: { PORT: '2' } }).port).toBe(2);
  expect(valueOf({ file }).port).toBe(1);
  expect(valueOf({ file, argv: ['-gRPCPort', '3'], order: ['flag', 'file', 'env'] }).port).toBe(1);
});

test('an empty environment variable is not given', () => {
  expect(valueOf({ env: { PORT: '', AGENTS: '' } })).toMatchObject({ port: 32767, agents: [] });
});

test.each<[string, Partial<ConfigInputs>, string]>([
  [
    'a number out of range',
    { argv: ['-gRPCPort', '70000'] },
    'KA_CONFIG_VALUE --gRPCPort must be a whole number from 0 to 65535',
  ],
  [
    'no number',
    { env: { PORT: '0x10' } },
    'KA_CONFIG_VALUE environment PORT must be a whole number from 0 to 65535',
  ],
  [
    'a word out of the set',
    { env: { LEVEL: 'loud' } },
    'KA_CONFIG_VALUE environment LEVEL must be one of info, debug',
  ],
  ['no truth value', { argv: ['-tlsEnabled=perhaps'] }, 'KA_CONFIG_VALUE --tlsEnabled must be true or false'],
  ['an unknown flag', { argv: ['--nope'] }, 'KA_CONFIG_UNKNOWN_FLAG --nope is not a flag of this program'],
  ['a stray word', { argv: ['word'] }, 'KA_CONFIG_UNKNOWN_FLAG word is not a flag of this program'],
  ['a missing value', { argv: ['-gRPCPort'] }, 'KA_CONFIG_NO_VALUE -gRPCPort needs a value'],
  [
    'an unknown file key',
    { file: { name: 'f', values: { prot: 1 } } },
    'KA_CONFIG_UNKNOWN_KEY f has the key prot, which means nothing here',
  ],
  [
    'a wrong type in the file',
    { file: { name: 'f', values: { agents: [1] } } },
    'KA_CONFIG_VALUE f: agents must be a list of texts',
  ],
])('%s is refused by name', (_name, inputs, message) => {
  expect(messagesOf(inputs)).toContain(message);
});

test('every mistake is reported at once', () => {
  expect(messagesOf({ argv: ['-x', '-gRPCPort', 'y'], env: { LEVEL: 'z' } })).toHaveLength(3);
});

test('the table documents itself and keeps secrets', () => {
  expect(configHelp(table)).toContain(
    '--gRPCPort INT, env PORT, file port\n      listens here (int, default 32767)',
  );
  expect(configMarkdown(table)).toContain(
    '|  | `LEVEL` |  | how much is logged | info\\|debug, default info |',
  );
  expect(configHelp(table)).toContain('shown to nobody (string, secret)');
});

test('a setting of any shape is JSON text in flags and the environment, and itself in the file', () => {
  const json = {
    sinks: { flag: 'sinks', env: 'SINKS', file: 'sinks', type: 'json', default: [], help: '' },
  } as const;
  const value = [{ type: 'x' }];
  const text = JSON.stringify(value);
  expect(parseConfig(json, { argv: ['--sinks', text], env: {} })).toEqual({
    ok: true,
    value: { sinks: value },
  });
  expect(parseConfig(json, { argv: [], env: { SINKS: text } })).toEqual({
    ok: true,
    value: { sinks: value },
  });
  const file = { name: 'f', values: { sinks: value } };
  expect(parseConfig(json, { argv: [], env: {}, file })).toEqual({ ok: true, value: { sinks: value } });
  expect(parseConfig(json, { argv: ['--sinks', '{'], env: {} })).toMatchObject({
    ok: false,
    error: [{ code: 'KA_CONFIG_VALUE', message: '--sinks must be JSON' }],
  });
});
