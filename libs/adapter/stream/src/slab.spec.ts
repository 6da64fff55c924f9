import { Slab } from './slab.ts';

test('kept messages stay as they were, whatever is kept after them', () => {
  const slab = new Slab();
  const texts = Array.from({ length: 3000 }, (_, i) => `message ${i} ${'x'.repeat(i % 500)}`);
  const kept = texts.map((text) => slab.keep(Buffer.from(text)));
  expect(kept.map(String)).toEqual(texts);
});

test('a copy is kept, so the writer may go on', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const kept = new Slab().keep(bytes);
  bytes.fill(9);
  expect([...kept]).toEqual([1, 2, 3]);
});

test('a message larger than a block is kept too', () => {
  expect(new Slab().keep(Buffer.alloc(1 << 20, 7))).toHaveLength(1 << 20);
});

test('an empty message is kept as an empty one', () => {
  expect(new Slab().keep(Buffer.alloc(0))).toHaveLength(0);
});
