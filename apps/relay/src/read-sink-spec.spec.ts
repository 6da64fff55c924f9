import { readSinkSpecs } from './read-sink-spec.ts';

const types = ['splunk', 'file'];

test('a sink needs nothing but its type; its own keys are left to it', () => {
  expect(readSinkSpecs([{ type: 'file', path: '/x' }], types)).toEqual({
    ok: true,
    value: [
      {
        type: 'file',
        name: 'file',
        place: 'sinks[0]',
        value: { type: 'file', path: '/x' },
        filter: {},
        redact: [],
        giveUpAfterMs: 0,
      },
    ],
  });
});

test('everything the runtime does for a sink can be said', () => {
  const sink = {
    type: 'splunk',
    name: 'soc',
    events: ['alerts'],
    filter: {
      minSeverity: 5,
      actions: ['Block'],
      namespaces: ['!kube-*'],
      policies: ['p*'],
      operations: ['File'],
    },
    rate: { perSecond: 100, alwaysSeverity: 9 },
    redact: ['Source', 'EventData.Lsm'],
    retry: { firstMs: 100, maxMs: 5000 },
    maxAge: 3600,
    deadLetter: { path: '/var/dead.jsonl', maxMegabytes: 10 },
  };
  expect(readSinkSpecs([sink], types)).toMatchObject({
    ok: true,
    value: [
      {
        name: 'soc',
        filter: {
          kinds: ['alerts'],
          minSeverity: 5,
          actions: ['Block'],
          namespaces: ['!kube-*'],
          policies: ['p*'],
          operations: ['File'],
          rate: { perSecond: 100, burst: 100, alwaysSeverity: 9 },
        },
        redact: ['Source', 'EventData.Lsm'],
        backoff: { firstMs: 100, maxMs: 5000 },
        giveUpAfterMs: 3_600_000,
        deadLetter: { path: '/var/dead.jsonl', maxBytes: 10_000_000 },
      },
    ],
  });
});

test('a sink that is switched off is left out', () => {
  expect(readSinkSpecs([{ type: 'file', enabled: false }, { type: 'file' }], types)).toMatchObject({
    value: [{ place: 'sinks[1]' }],
  });
});

test.each<[unknown, string]>([
  [{}, 'sinks must be a list of objects'],
  [[5], 'sinks[0] must be an object'],
  [[{}], 'sinks[0].type must be one of splunk, file'],
  [[{ type: 'kafka' }], 'sinks[0].type must be one of splunk, file'],
  [[{ type: 'file', name: 'a/b' }], 'sinks[0].name must be letters, digits, dots, dashes, at most 64'],
  [[{ type: 'file' }, { type: 'file' }], 'sinks[1].name file is taken: give another'],
  [[{ type: 'file', enabled: 'no' }], 'sinks[0].enabled must be true or false'],
  [[{ type: 'file', events: ['messages'] }], 'sinks[0].events must be a list of alerts, logs'],
  [
    [{ type: 'file', filter: { minSeverity: 11 } }],
    'sinks[0].filter.minSeverity must be a number from 0 to 10',
  ],
  [[{ type: 'file', filter: { severity: 5 } }], 'sinks[0].filter.severity is not a key here'],
  [[{ type: 'file', filter: [] }], 'sinks[0].filter must be an object'],
  [[{ type: 'file', rate: {} }], 'sinks[0].rate.perSecond is required'],
  [
    [{ type: 'file', rate: { perSecond: -1 } }],
    'sinks[0].rate.perSecond must be a number from 0.001 to 1000000000',
  ],
  [[{ type: 'file', redact: ['Sauce'] }], 'sinks[0].redact Sauce is not a field of an event'],
  [[{ type: 'file', redact: 'Source' }], 'sinks[0].redact must be a list of texts'],
  [[{ type: 'file', deadLetter: {} }], 'sinks[0].deadLetter.path is required'],
  [[{ type: 'file', retry: { firstMs: '5' } }], 'sinks[0].retry.firstMs must be a number from 1 to 3600000'],
])('%j is refused by the name of the key', (sinks, message) => {
  const result = readSinkSpecs(sinks, types);
  expect(result.ok ? [] : result.error.map((error) => error.message)).toContain(message);
});

test('every mistake is told at once', () => {
  const result = readSinkSpecs([{ type: 'x' }, { type: 'file', maxAge: 'long', redact: [1] }], types);
  expect(result).toMatchObject({ ok: false });
  expect(result.ok ? 0 : result.error.length).toBe(3);
});
