import { createHash } from 'node:crypto';
import { sha256 } from './sha256.ts';

test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_000])(
  'the digest of %d bytes is that of the standard',
  (length) => {
    const data = Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8)) & 0xff);
    expect(Buffer.from(sha256(data)).toString('hex')).toBe(createHash('sha256').update(data).digest('hex'));
  },
);
