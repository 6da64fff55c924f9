import {
  deliverParts,
  partsBySize,
  readSinkOptions,
  retryAfterMs,
  sinkOptionRows,
  tlsOptions,
} from './index.ts';
import type { PartAnswer, SinkOptionTable } from './index.ts';

const table = {
  url: { type: 'url', isRequired: true, help: 'where' },
  token: { type: 'secret', isRequired: true, help: 'who' },
  index: { type: 'string', default: 'main', help: 'which' },
  format: { type: 'string', oneOf: ['json', 'ecs'], default: 'json', help: 'how' },
  labels: { type: 'list', oneOf: ['a', 'b'], default: ['a'], help: 'labels' },
  batchSize: { type: 'int', default: 10, min: 1, max: 100, help: 'how many' },
  ack: { type: 'bool', default: true, help: 'waits' },
  headers: { type: 'headers', help: 'more headers' },
  tls: { type: 'object', options: tlsOptions, help: 'TLS' },
} as const satisfies SinkOptionTable;

const read = (value: unknown) => readSinkOptions(table, value, 'sinks[2]');
const good = { url: 'https://siem.test:8088/x', token: 'hush' };
const messagesOf = (value: unknown): string[] => {
  const result = read(value);
  return result.ok ? [] : result.error.map((error) => error.message);
};

test('with the required keys given, every other one has its default, and the runtime’s keys are left alone', () => {
  const result = read({ ...good, type: 'splunk', name: 'siem', filter: { minSeverity: 5 } });
  expect(result).toMatchObject({
    ok: true,
    value: {
      url: new URL('https://siem.test:8088/x'),
      token: { from: 'value', value: 'hush' },
      index: 'main',
      labels: ['a'],
      batchSize: 10,
      ack: true,
      headers: {},
      tls: { caFile: '', insecureSkipVerify: false },
    },
  });
});

test('secrets come from a value, a file or the environment', () => {
  const { token, ...rest } = good;
  expect(token).toBe('hush');
  expect(read({ ...rest, tokenFile: '/t' })).toMatchObject({
    value: { token: { from: 'file', path: '/t' } },
  });
  expect(read({ ...rest, tokenEnv: 'T' })).toMatchObject({ value: { token: { from: 'env', name: 'T' } } });
  expect(
    read({ ...good, headers: { 'X-A': 'b', 'x-c': { file: '/c' }, 'x-d': { env: 'D' } } }),
  ).toMatchObject({
    value: {
      headers: {
        'x-a': { from: 'value', value: 'b' },
        'x-c': { from: 'file', path: '/c' },
        'x-d': { from: 'env', name: 'D' },
      },
    },
  });
});

test.each<[string, unknown, string]>([
  ['no object', [], 'sinks[2] must be an object'],
  ['no url', { token: 'x' }, 'sinks[2].url is required'],
  ['no secret', { url: good.url }, 'sinks[2].token is required (or sinks[2].tokenFile, sinks[2].tokenEnv)'],
  ['a file URL', { ...good, url: 'file:///x' }, 'sinks[2].url must be an http or https URL'],
  [
    'a password in the URL',
    { ...good, url: 'http://u:hunter2@x' },
    'sinks[2].url must be a URL without a user or password in it',
  ],
  [
    'two secrets',
    { ...good, tokenFile: '/t' },
    'sinks[2].token must be given once, not as token and tokenFile',
  ],
  ['an unknown key', { ...good, indx: 'x' }, 'sinks[2].indx is not a key of this sink'],
  ['an unknown nested key', { ...good, tls: { ca: 'x' } }, 'sinks[2].tls.ca is not a key of this sink'],
  ['a wrong word', { ...good, format: 'xml' }, 'sinks[2].format must be one of json, ecs'],
  ['a label out of the set', { ...good, labels: ['pod'] }, 'sinks[2].labels must be a list of a, b'],
  [
    'a number out of range',
    { ...good, batchSize: 0 },
    'sinks[2].batchSize must be a whole number from 1 to 100',
  ],
  ['a text for a truth', { ...good, ack: 'yes' }, 'sinks[2].ack must be true or false'],
  [
    'a line break in a text',
    { ...good, index: 'a\r\nb' },
    'sinks[2].index must be a text without control characters',
  ],
  [
    'a header that would start another',
    { ...good, headers: { 'x-secret': 'hunter2\nx: y' } },
    'sinks[2].headers must be an object; x-secret in it is not a text, {"file": …} or {"env": …}',
  ],
])('%s is refused by name, and no secret is told', (_name, value, message) => {
  expect(messagesOf(value)).toContain(message);
  expect(messagesOf(value).join()).not.toContain('hunter2');
});

test('every mistake is reported at once', () => {
  expect(messagesOf({ batchSize: 'x', ack: 1 })).toHaveLength(4);
});

test('the table documents itself', () => {
  expect(sinkOptionRows(table)).toEqual(
    expect.arrayContaining([
      { name: 'url', type: 'url', default: 'required', help: 'where' },
      { name: 'token, tokenFile, tokenEnv', type: 'secret', default: 'required', help: 'who' },
      { name: 'format', type: 'json|ecs', default: 'json', help: 'how' },
      { name: 'labels', type: 'list of a|b', default: 'a', help: 'labels' },
      { name: 'batchSize', type: 'int 1…100', default: '10', help: 'how many' },
      expect.objectContaining({ name: 'tls.caFile', default: 'none' }),
    ]),
  );
});

const never = new AbortController().signal;
const done: PartAnswer = { kind: 'done' };

test('parts are sent in order and rejections are told by their place in the batch', async () => {
  const sent: string[] = [];
  const delivery = await deliverParts(
    [['a', 'b'], ['c']],
    (part) => {
      sent.push(part.join(''));
      return Promise.resolve(
        part[0] === 'c' ? { kind: 'done', rejected: [{ index: 0, reason: 'bad' }] } : done,
      );
    },
    never,
  );
  expect(sent).toEqual(['ab', 'c']);
  expect(delivery).toEqual({ kind: 'delivered', rejected: [{ index: 2, reason: 'bad' }] });
});

test('after a part that has to wait nothing more is sent, and only what is open is named', async () => {
  const answers: PartAnswer[] = [
    { kind: 'done', rejected: [{ index: 1, reason: 'bad' }] },
    { kind: 'again', reason: 'busy', afterMs: 5, indexes: [1] },
  ];
  const delivery = await deliverParts(
    [['a', 'b'], ['c', 'd'], ['e']],
    () => Promise.resolve(answers.shift() ?? done),
    never,
  );
  expect(delivery).toEqual({
    kind: 'retry',
    reason: 'busy',
    afterMs: 5,
    indexes: [3, 4],
    rejected: [{ index: 1, reason: 'bad' }],
  });
});

test('a receiver that takes nothing costs one request and the whole batch is tried again', async () => {
  let requests = 0;
  const again = (): Promise<PartAnswer> => {
    requests += 1;
    return Promise.resolve({ kind: 'again', reason: 'away' });
  };
  expect(await deliverParts([['a'], ['b']], again, never)).toEqual({ kind: 'retry', reason: 'away' });
  expect(requests).toBe(1);
});

test('the one record that spoils a part is found and rejected, the others are delivered', async () => {
  const taken: number[] = [];
  const batch = Array.from({ length: 100 }, (_, index) => index);
  const delivery = await deliverParts(
    [batch],
    (part) => {
      if (part.includes(37)) return Promise.resolve({ kind: 'halve', reason: 'HTTP 400' });
      taken.push(...part);
      return Promise.resolve(done);
    },
    never,
  );
  expect(delivery).toEqual({ kind: 'delivered', rejected: [{ index: 37, reason: 'HTTP 400' }] });
  expect(taken).toEqual(batch.filter((index) => index !== 37));
});

test('a receiver that refuses everything is asked a bounded number of times, and each try gets on', async () => {
  let left = Array.from({ length: 1000 }, (_, index) => index);
  for (let tries = 0; left.length > 0; tries++) {
    expect(tries).toBeLessThan(50);
    let requests = 0;
    const delivery = await deliverParts(
      [left],
      () => {
        requests += 1;
        return Promise.resolve({ kind: 'halve', reason: 'HTTP 400' });
      },
      never,
    );
    expect(requests).toBeLessThan(200);
    const open = delivery.kind === 'retry' ? (delivery.indexes ?? []) : [];
    expect(open.length).toBeLessThan(left.length);
    left = open.map((index) => left[index]!);
  }
});

test('parts keep to their limits, a record too large is alone', () => {
  const limits = { maxBytes: 5, maxItems: 3 };
  expect(
    partsBySize(['aa', 'bb', 'c', 'dddddddd', 'e', 'f', 'g', 'h'], (item) => item.length, limits),
  ).toEqual([['aa', 'bb', 'c'], ['dddddddd'], ['e', 'f', 'g'], ['h']]);
});

test.each([
  [undefined, undefined],
  ['', undefined],
  ['7', 7000],
  ['soon', undefined],
  ['Thu, 01 Jan 1970 00:00:30 GMT', 20_000],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 0],
  ['999999999', 600_000],
])('Retry-After %j at second 10 means %j ms', (header, ms) => {
  expect(retryAfterMs(header, 10_000)).toBe(ms);
});
