import fc from 'fast-check';
import {
  Batch,
  EventKind,
  StreamEventsResponse,
  countByKind,
  encodeBatch,
  encodeBatchResponse,
  noCursor,
  readBatchHead,
  readEvents,
  readStreamResponse,
} from './index.ts';

const numbers = fc.record({
  alerts: fc.integer({ min: 1, max: 2 ** 52 }),
  logs: fc.integer({ min: 1, max: 2 ** 52 }),
  messages: fc.integer({ min: 1, max: 2 ** 52 }),
});
const kinds = { alerts: EventKind.ALERT, logs: EventKind.LOG, messages: EventKind.MESSAGE } as const;
const event = fc.record({
  kind: fc.constantFrom('alerts', 'logs', 'messages'),
  payload: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
});
const batch = fc.record({
  streamId: fc.string({ unit: 'grapheme' }),
  first: numbers,
  missed: numbers,
  events: fc.array(event),
});

test('a batch put together from wrapped events is what the generated code writes, and is read back', () => {
  fc.assert(
    fc.property(batch, ({ streamId, first, missed, events }) => {
      const bytes = encodeBatch({ streamId, first, missed, events });
      expect(Batch.decode(bytes)).toEqual({
        stream_id: streamId,
        first,
        missed,
        events: events.map(({ kind, payload }) => ({ kind: kinds[kind], payload })),
        counts: countByKind(events),
        zstd_events: Buffer.alloc(0),
      });
      expect(readBatchHead(bytes)).toEqual({ streamId, first, missed, counts: countByKind(events) });
      expect(readEvents(bytes)).toEqual(events);
      const response = readStreamResponse(encodeBatchResponse(bytes));
      expect(response).toEqual({ kind: 'batch', bytes });
      expect(StreamEventsResponse.decode(encodeBatchResponse(bytes)).response?.$case).toBe('batch');
    }),
  );
});

test('a packed batch has the same head and the same events, and is never larger than a plain one', () => {
  fc.assert(
    fc.property(batch, (given) => {
      // Repeats, as batches have them: alone these events are mostly too few to be worth it.
      const whole = { ...given, events: [...given.events, ...given.events, ...given.events] };
      const plain = encodeBatch(whole);
      const packed = encodeBatch(whole, 'zstd');
      expect(packed.length).toBeLessThanOrEqual(plain.length + 4);
      expect(readBatchHead(packed)).toEqual(readBatchHead(plain));
      expect(readEvents(packed)).toEqual(whole.events);
    }),
  );
});

test('a batch of an agent that does not count is counted', () => {
  const events = [{ kind: EventKind.ALERT, payload: Buffer.from('a') }];
  const first = { ...noCursor, alerts: 7 };
  const bytes = Batch.encode(Batch.create({ stream_id: 's', first, events })).finish();
  expect(readBatchHead(bytes)?.counts).toEqual({ ...noCursor, alerts: 1 });
});

test.each([
  ['more events than a batch can hold', { alerts: 1 }, { alerts: 70_000 }],
  ['numbers beyond what can be counted', { alerts: Number.MAX_SAFE_INTEGER }, { alerts: 5 }],
  ['events without a number', {}, { logs: 1 }],
])('a head that claims %s is none', (_, first, counts) => {
  const head = Batch.create({
    stream_id: 's',
    first: { ...noCursor, ...first },
    counts: { ...noCursor, ...counts },
  });
  expect(readBatchHead(Batch.encode(head).finish())).toBeUndefined();
});

test('a frame that unpacks to more than any batch is refused before it takes the memory', () => {
  const events = [{ kind: 'alerts' as const, payload: Buffer.alloc(64 << 20) }];
  const bomb = encodeBatch(
    { streamId: 's', first: { ...noCursor, alerts: 1 }, missed: noCursor, events },
    'zstd',
  );
  expect(bomb.length).toBeLessThan(100_000);
  expect(readBatchHead(bomb)?.counts.alerts).toBe(1);
  expect(readEvents(bomb)).toBeUndefined();
});

test('garbage never throws, and what is read lies inside the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      readStreamResponse(Buffer.from(bytes));
      readBatchHead(bytes);
      for (const { payload } of readEvents(bytes) ?? [])
        expect(payload.length).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 1000 },
  );
});

test('a packed batch with a byte changed anywhere never throws', () => {
  const payload = Buffer.alloc(3000, 'abc');
  const whole = encodeBatch(
    { streamId: 's', first: { ...noCursor, logs: 1 }, missed: noCursor, events: [{ kind: 'logs', payload }] },
    'zstd',
  );
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed[at]! ^= 0xff;
    readBatchHead(changed);
    readEvents(changed);
  }
  expect(readEvents(whole)).toEqual([{ kind: 'logs', payload }]);
});

test('a batch cut short anywhere never yields an event that was not there', () => {
  const whole = encodeBatch({
    streamId: 's',
    first: { ...noCursor, alerts: 1 },
    missed: noCursor,
    events: [
      { kind: 'alerts', payload: Buffer.alloc(200, 1) },
      { kind: 'alerts', payload: Buffer.alloc(5, 2) },
    ],
  });
  const all = readEvents(whole) ?? [];
  expect(all.length).toBe(2);
  for (let length = 0; length < whole.length; length++) {
    const events = readEvents(whole.subarray(0, length)) ?? [];
    expect(events).toEqual(all.slice(0, events.length));
  }
});
