export type { BatchLimits, Delivery, RejectedRecord, Sink, SinkRecord } from './sink.ts';
