export { Backoff } from './backoff.ts';
export type { BackoffLimits } from './backoff.ts';
export { batches } from './batcher.ts';
export type { BatchLimits } from './batcher.ts';
export { BoundedQueue } from './bounded-queue.ts';
export type { Overflow, QueueCounts } from './bounded-queue.ts';
export { Gate } from './gate.ts';
export type { Timing } from './timing.ts';
