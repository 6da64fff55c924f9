import fc from 'fast-check';
import {
  Batch,
  EventKind,
  StreamEventsResponse,
  encodeBatch,
  encodeBatchResponse,
  readBatch,
  readStreamResponse,
} from './index.ts';

const numbers = fc.record({
  alerts: fc.maxSafeNat(),
  logs: fc.maxSafeNat(),
  messages: fc.maxSafeNat(),
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
      });
      expect(readBatch(bytes)).toEqual({ streamId, first, missed, events });
      const response = readStreamResponse(encodeBatchResponse(bytes));
      expect(response).toEqual({ kind: 'batch', bytes });
      expect(StreamEventsResponse.decode(encodeBatchResponse(bytes)).response?.$case).toBe('batch');
    }),
  );
});

test('garbage never throws, and what is read lies inside the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      readStreamResponse(Buffer.from(bytes));
      const read = readBatch(bytes);
      for (const { payload } of read?.events ?? []) expect(payload.length).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 1000 },
  );
});

test('a batch cut short anywhere never yields an event that was not there', () => {
  const none = { alerts: 0, logs: 0, messages: 0 };
  const whole = encodeBatch({
    streamId: 's',
    first: { ...none, alerts: 1 },
    missed: none,
    events: [
      { kind: 'alerts', payload: Buffer.alloc(200, 1) },
      { kind: 'alerts', payload: Buffer.alloc(5, 2) },
    ],
  });
  const all = readBatch(whole)?.events ?? [];
  for (let length = 0; length < whole.length; length++) {
    const events = readBatch(whole.subarray(0, length))?.events ?? [];
    expect(events).toEqual(all.slice(0, events.length));
  }
});
