import { showRecord } from './show-record.ts';

test('shows what a record says, a line each', () => {
  const record = {
    eventName: 'e',
    severityText: 'ERROR',
    timeUnixNano: '7',
    attributes: [
      { key: 'process.pid', value: { intValue: '12' } },
      { key: 'tags', value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } } },
    ],
  };
  expect(showRecord(record)).toBe(
    'eventName: e\nseverityText: ERROR\ntimeUnixNano: 7\n  process.pid: 12\n  tags: a, b',
  );
});
