export { eventTimeMs, eventTimeNs, eventTimeText } from './event-time.ts';
export { toOtelRecord } from './otel-map.ts';
export { otelSchemaUrl } from './otel-record.ts';
export type { OtelAttributes, OtelRecord, OtelValue } from './otel-record.ts';
export { otelSeverity } from './otel-severity.ts';
export type { OtelSeverity } from './otel-severity.ts';
