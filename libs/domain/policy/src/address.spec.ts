import fc from 'fast-check';
import { addressText, parseAddress, parseRange, rangeText } from './address.ts';

test.each([
  ['10.1.2.3', [10, 1, 2, 3]],
  ['::', new Array(16).fill(0)],
  ['::1', [...new Array(15).fill(0), 1]],
  ['fd00::8:0', [0xfd, 0, ...new Array(11).fill(0), 8, 0, 0]],
  ['::ffff:10.0.0.1', [10, 0, 0, 1]],
  ['::ffff:a00:1', [10, 0, 0, 1]],
  ['1:2:3:4:5:6:1.2.3.4', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 1, 2, 3, 4]],
])('%s is read', (text, bytes) => expect(parseAddress(text)).toEqual(bytes));

test.each([
  '',
  '1.2.3',
  '1.2.3.256',
  '1.2.3.04',
  '1.2.3.4.5',
  '0x1.2.3.4',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  'g::',
  '1.2.3.4::',
  'fe80::1%eth0',
  'localhost',
])('"%s" is no address', (text) => expect(parseAddress(text)).toBeUndefined());

test.each([
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['10.1.2.3', '10.1.2.3'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['fd12:3456::1/20', 'fd12:3000::/20'],
  ['::/0', '::/0'],
  ['::ffff:10.1.0.0/112', '10.1.0.0/16'],
])('the range %s is %s', (text, short) => expect(rangeText(parseRange(text)!)).toBe(short));

test.each(['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', '/8', '10.0.0.0/8x'])(
  '"%s" is no range',
  (text) => expect(parseRange(text)).toBeUndefined(),
);

test('what is written is read back', () => {
  const four = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 });
  const six = fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(fc.oneof(four, six), (bytes) => {
      const read = parseAddress(addressText(bytes));
      expect(read === undefined ? undefined : addressText(read)).toBe(
        addressText(read?.length === 4 ? bytes.slice(-4) : bytes),
      );
    }),
  );
});

test('no text whatever breaks the reader', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('0', '1', 'f', '25', ':', '.', '/', 'g') }), (text) => {
      const range = parseRange(text);
      if (range !== undefined) expect(parseRange(rangeText(range))).toEqual(range);
    }),
    { numRuns: 2000 },
  );
});
