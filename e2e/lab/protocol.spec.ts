import { LineSplitter, parseGuestEvent } from './protocol.ts';

test('a line that comes in pieces is one line', () => {
  const splitter = new LineSplitter();
  expect(splitter.push('{"event":')).toEqual([]);
  expect(splitter.push('"ready"}\n\n{"eve')).toEqual(['{"event":"ready"}']);
});

test.each(['', 'kernel noise', '[1]', 'null', '{"no":"event"}', '{"event":'])(
  'what is no event is passed over: %s',
  (line) => {
    expect(parseGuestEvent(line)).toBeUndefined();
  },
);

test('an event is read', () => {
  expect(parseGuestEvent('{"event":"exit","code":3}')).toEqual({ event: 'exit', code: 3 });
});
