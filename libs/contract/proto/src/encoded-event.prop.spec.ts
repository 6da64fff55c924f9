import fc from 'fast-check';
import { Alert, Log, Message, isEncodedEvent } from './index.ts';

const alert = Alert.create({
  Timestamp: 1_785_400_000,
  PodName: 'größe',
  Owner: { Ref: 'Deployment', Name: 'oven', Namespace: '' },
  ATags: ['MITRE', 'CIS'],
  EventData: { Lsm: 'FILE_OPEN', ключ: 'x'.repeat(300) },
  ExecEvent: { ExecID: '1', ExecutableName: 'cat' },
  UID: -1,
});
const encoded = Alert.encode(alert).finish();

test('events of every kind are events, and so are those with fields of a later version', () => {
  expect(isEncodedEvent('alerts', encoded)).toBe(true);
  expect(isEncodedEvent('logs', Log.encode(Log.create({ Source: 'cat', PPID: 7 })).finish())).toBe(true);
  expect(isEncodedEvent('messages', Message.encode(Message.create({ Message: 'm' })).finish())).toBe(true);
  expect(isEncodedEvent('alerts', Buffer.alloc(0))).toBe(true);
  const later = Buffer.from([
    0x82, 0x7d, 3, 0xff, 0xfe, 0xfd, 0x88, 0x7d, 1, 0x81, 0x7d, 1, 2, 3, 4, 5, 6, 7, 8,
  ]);
  expect(isEncodedEvent('alerts', Buffer.concat([encoded, later]))).toBe(true);
});

test.each([
  ['a text that is no UTF-8', [0x32, 2, 0xc3, 0x28]],
  ['a text within a message that is no UTF-8', [0xfa, 0x01, 3, 0x0a, 1, 0xff]],
  ['a key of a map that is no UTF-8', [0xda, 0x02, 3, 0x0a, 1, 0xff]],
  ['a text that reaches beyond the event', [0x32, 9, 0x61]],
  ['a length without an end', [0x32, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ['a number without an end', [0x08, 0xff]],
  ['a number of eleven bytes', [0x08, ...new Array<number>(10).fill(0xff), 1]],
  ['field 0', [0x02, 0]],
  ['a group', [0x0b]],
  ['eight bytes of which four are there', [0x09, 1, 2, 3, 4]],
])('%s is none', (_, bytes) => {
  expect(isEncodedEvent('alerts', Buffer.from(bytes))).toBe(false);
});

test('an event cut short is never taken for more than it is', () => {
  for (let length = 0; length < encoded.length; length++) {
    const part = encoded.subarray(0, length);
    if (isEncodedEvent('alerts', part)) expect(() => Alert.decode(part)).not.toThrow();
  }
});

test('what is taken for an event can be decoded, as any event can', () => {
  const change = fc.tuple(fc.nat(encoded.length - 1), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), fc.uint8Array({ maxLength: 20 }), (changes, more) => {
      const bytes = Buffer.concat([encoded, more]);
      for (const [at, value] of changes) bytes[at] = value;
      if (!isEncodedEvent('alerts', bytes)) return;
      // The one thing decoders differ in: a time that no number holds.
      const decoded = ((): Alert | Error => {
        try {
          return Alert.decode(bytes);
        } catch (failure) {
          return failure as Error;
        }
      })();
      if (decoded instanceof Error) expect(decoded.message).toMatch(/MAX_SAFE_INTEGER|MIN_SAFE_INTEGER/);
    }),
    { numRuns: 500 },
  );
});
