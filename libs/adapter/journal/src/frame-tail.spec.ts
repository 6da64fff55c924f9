import type { Frame } from './frame.ts';
import { sizeOf } from './frame.ts';
import { FrameTail } from './frame-tail.ts';

const frame = (first: number): Frame => ({
  type: 1,
  first,
  count: 1,
  wallMs: 0,
  payload: Buffer.alloc(100),
});
const size = sizeOf(frame(1));

function push(tail: FrameTail, first: number, settled: boolean[] = []): void {
  const through = { alerts: first, logs: 0, messages: 0 };
  tail.push({ frame: frame(first), streamId: 's', through, settle: (isKept) => settled.push(isKept) });
}

test('what is also on disk takes its own, smaller share of memory', () => {
  const tail = new FrameTail(10 * size, 1, 3 * size);
  for (let first = 1; first <= 20; first++) {
    tail.keptEnd = first + 1;
    push(tail, first);
  }
  expect(tail.bytes).toBe(3 * size);
  expect(tail.first).toBe(18);
  expect(tail.lost).toBe(0);
});

test('what is nowhere else stays up to the whole bound, and is lost by number beyond it', () => {
  const tail = new FrameTail(10 * size, 3, 3 * size);
  const settled: boolean[] = [];
  for (let first = 1; first <= 9; first++) push(tail, first, settled);
  expect(tail.first).toBe(3);
  for (let first = 10; first <= 14; first++) push(tail, first, settled);
  expect(tail.bytes).toBe(10 * size);
  expect(tail.lost).toBe(2);
  expect(settled).toEqual([false, false]);
});
