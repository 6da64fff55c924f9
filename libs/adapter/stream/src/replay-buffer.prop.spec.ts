import fc from 'fast-check';
import { noCursor } from '@kubearmor-ts/proto';
import type { Cursor, EventKindName } from '@kubearmor-ts/proto';
import { ReplayBuffer } from './replay-buffer.ts';

const kinds = ['alerts', 'logs', 'messages'] as const;
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish'),
      kind: fc.constantFrom(...kinds),
      bytes: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read'), maxEvents: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('acknowledge') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart') }) },
);

test('every event reaches a reader once and in order, or is counted as missed, whatever is pushed out and when', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 40, max: 400 }), (steps, maxBytes) => {
      const buffer = new ReplayBuffer({ streamId: 's', maxBytes });
      buffer.know('relay', noCursor);
      let place: Cursor = { ...noCursor };
      let safe: Cursor = { ...noCursor };
      const missed: Cursor = { ...noCursor };
      const got: Record<EventKindName, number[]> = { alerts: [], logs: [], messages: [] };
      const orders: number[] = [];
      let order = 0;
      const read = (maxEvents: number): boolean => {
        const batch = buffer.read(place, maxEvents, 1 << 20);
        if (batch === undefined) return false;
        const number = { ...batch.first };
        for (const { kind, payload } of batch.events) {
          got[kind].push(number[kind]);
          orders.push(payload.readUInt16LE(0));
          number[kind] += 1;
        }
        for (const kind of kinds) {
          missed[kind] += batch.missed[kind];
          place[kind] += batch.missed[kind] + batch.events.filter((event) => event.kind === kind).length;
        }
        return true;
      };
      for (const one of steps) {
        if (one.do === 'publish') {
          const payload = Buffer.alloc(2 + ('bytes' in one ? one.bytes : 0));
          payload.writeUInt16LE(order++);
          buffer.publish('kind' in one ? one.kind : 'alerts', payload);
        } else if (one.do === 'read') read('maxEvents' in one ? one.maxEvents : 1);
        else if (one.do === 'acknowledge') {
          safe = { ...place };
          buffer.acknowledge('relay', safe);
        } else {
          // The reader comes back from what it had acknowledged: it forgot the rest.
          for (const kind of kinds) got[kind] = got[kind].filter((number) => number <= safe[kind]);
          place = { ...safe };
        }
        expect(buffer.counts().heldBytes).toBeLessThanOrEqual(maxBytes);
      }
      while (read(7));
      const { published, dropped } = buffer.counts();
      for (const kind of kinds) {
        expect(place[kind]).toBe(published[kind]);
        expect([...new Set(got[kind])].sort((a, b) => a - b)).toEqual(got[kind]);
        expect(published[kind] - got[kind].length).toBeLessThanOrEqual(missed[kind]);
        expect(published[kind] - got[kind].length).toBeLessThanOrEqual(dropped[kind]);
      }
      buffer.acknowledge('relay', place);
      expect(buffer.counts()).toMatchObject({ heldBytes: 0, held: noCursor });
    }),
  );
});

test('logs are pushed out before messages and alerts', () => {
  const buffer = new ReplayBuffer({ streamId: 's', maxBytes: 100 });
  buffer.know('relay', noCursor);
  buffer.publish('alerts', Buffer.alloc(40));
  buffer.publish('messages', Buffer.alloc(10));
  for (let log = 0; log < 10; log++) buffer.publish('logs', Buffer.alloc(25));
  buffer.publish('alerts', Buffer.alloc(40));
  expect(buffer.counts()).toMatchObject({
    held: { alerts: 2, logs: 0, messages: 1 },
    dropped: { alerts: 0, logs: 10, messages: 0 },
  });
  expect(buffer.read(noCursor, 100, 1000)).toMatchObject({
    missed: { alerts: 0, logs: 10, messages: 0 },
    first: { alerts: 1, logs: 0, messages: 1 },
    events: [{ kind: 'alerts' }, { kind: 'messages' }, { kind: 'alerts' }],
  });
});

test('what no reader was there for is held up to the bound and not called lost', () => {
  const buffer = new ReplayBuffer({ streamId: 's', maxBytes: 100 });
  for (let alert = 0; alert < 10; alert++) buffer.publish('alerts', Buffer.alloc(30));
  expect(buffer.counts()).toMatchObject({ held: { alerts: 3 }, dropped: { alerts: 0 } });
  expect(buffer.read(buffer.beforeOldest(), 100, 1000)).toMatchObject({
    first: { alerts: 8 },
    missed: noCursor,
  });
});

test('an event is held until the last of its readers has it, or is forgotten', () => {
  const buffer = new ReplayBuffer({ streamId: 's', maxBytes: 1000 });
  buffer.know('a', noCursor);
  buffer.know('b', noCursor);
  for (let alert = 0; alert < 4; alert++) buffer.publish('alerts', Buffer.alloc(10));
  buffer.acknowledge('a', { ...noCursor, alerts: 3 });
  expect(buffer.counts().held.alerts).toBe(4);
  buffer.acknowledge('b', { ...noCursor, alerts: 1 });
  expect(buffer.counts().held.alerts).toBe(3);
  buffer.forget('b');
  expect(buffer.counts().held.alerts).toBe(1);
});

test.each([
  [
    { alerts: 99, logs: -5, messages: 0.5 },
    { alerts: 2, logs: 0, messages: 0 },
  ],
  [
    { alerts: 1e308, logs: 0, messages: 0 },
    { alerts: 2, logs: 0, messages: 0 },
  ],
])('a place of %j can only mean %j here', (cursor, meant) => {
  const buffer = new ReplayBuffer({ streamId: 's', maxBytes: 1000 });
  buffer.publish('alerts', Buffer.alloc(1));
  buffer.publish('alerts', Buffer.alloc(1));
  expect(buffer.clamp(cursor)).toEqual(meant);
});

test('an event too long to be sent is counted and holds up none', () => {
  const buffer = new ReplayBuffer({ streamId: 's', maxBytes: 10_000, maxEventBytes: 100 });
  buffer.publish('alerts', Buffer.alloc(101));
  buffer.publish('alerts', Buffer.alloc(100));
  expect(buffer.counts()).toMatchObject({ oversized: 1, published: { alerts: 1 } });
});
