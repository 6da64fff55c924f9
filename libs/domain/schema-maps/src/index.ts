export { eventTimeMs, eventTimeNs, eventTimeText } from './event-time.ts';
export { bodyFormats, fitBody, isJsonFormat, jsonFormats, toBody, utf8Length } from './body.ts';
export type { BodyFormat, FittedBody } from './body.ts';
export { toCef } from './cef.ts';
export { toCloudEventAttributes } from './cloud-event.ts';
export type { CloudEventAttributes } from './cloud-event.ts';
export { ecsVersion, toEcs } from './ecs.ts';
export { networkFacts } from './network-facts.ts';
export type { NetworkFacts } from './network-facts.ts';
export type { JsonValue } from './json-object.ts';
export { toLeef } from './leef.ts';
export { ocsfVersion, toOcsf, toOcsfActivity } from './ocsf.ts';
export {
  isPresent,
  otelFacts,
  otelResource,
  otelResourceKey,
  putRecordAttributes,
  toOtelRecord,
  visitOtelBody,
} from './otel-map.ts';
export { otelSchemaUrl } from './otel-record.ts';
export type { OtelAttributes, OtelRecord, OtelValue } from './otel-record.ts';
export { otelSeverity } from './otel-severity.ts';
export type { OtelSeverity } from './otel-severity.ts';
export { severityOf, summaryOf } from './outcome.ts';
export { cutText, plainJson, visibleText } from './safe-text.ts';
export { exampleEnterpriseNumber, syslogFacilities, syslogHeader, syslogSeverity } from './syslog-message.ts';
export type { SyslogFacility, SyslogHeader } from './syslog-message.ts';
