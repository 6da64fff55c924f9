/**
 * Events as an ExportLogsServiceRequest of OTLP 1.x, written straight from the event: no record object, no second copy.
 *
 *  1. What it says of an event is `schema-maps`' doing; this file only knows how OTLP writes it.
 *  2. Records of equal resources share one ResourceLogs, and keep the order they came in.
 */
import type { Alert, Log } from '@kubearmor-ts/proto';
import {
  isPresent,
  otelFacts,
  otelResource,
  otelResourceKey,
  otelSchemaUrl,
  putRecordAttributes,
  visitOtelBody,
} from '@kubearmor-ts/schema-maps';
import { ProtoWriter, varintSize } from './proto-writer.ts';

/** Workloads that send at about the same time; the one that was silent longest makes room. */
const maxResources = 1024;

/** Field numbers with their wire type. */
const tag = {
  request: { resourceLogs: 0x0a },
  resourceLogs: { resource: 0x0a, scopeLogs: 0x12, schemaUrl: 0x1a },
  resource: { attributes: 0x0a },
  scopeLogs: { scope: 0x0a, records: 0x12, schemaUrl: 0x1a },
  scope: { name: 0x0a, version: 0x12 },
  record: {
    time: 0x09,
    severityNumber: 0x10,
    severityText: 0x1a,
    body: 0x2a,
    attributes: 0x32,
    observedTime: 0x59,
    eventName: 0x62,
  },
  keyValue: { key: 0x0a, value: 0x12 },
  value: { string: 0x0a, bool: 0x10, int: 0x18, double: 0x21, array: 0x2a, map: 0x32 },
  values: 0x0a,
} as const;

export class LogsEncoder {
  private readonly resources = new Map<string, Buffer>();
  /** Of one event, lately. */
  private averageBytes = 2048;

  encode(events: readonly (Alert | Log)[], observedNs: bigint): Buffer {
    const writer = new ProtoWriter(Math.ceil(this.averageBytes * 1.25) * events.length);
    for (const [key, members] of groupByResource(events)) {
      writer.tag(tag.request.resourceLogs);
      const group = writer.open();
      writer.raw(this.resourceOf(key, members[0]!));
      writer.tag(tag.resourceLogs.scopeLogs);
      const scope = writer.open();
      writer.raw(scopeBytes);
      for (const event of members) writeRecord(writer, event, observedNs);
      writeText(writer, tag.scopeLogs.schemaUrl, otelSchemaUrl);
      writer.close(scope);
      writeText(writer, tag.resourceLogs.schemaUrl, otelSchemaUrl);
      writer.close(group);
    }
    this.averageBytes = writer.length / Math.max(1, events.length);
    return writer.written();
  }

  /** Bytes of the field `resource`. */
  private resourceOf(key: string, event: Alert | Log): Buffer {
    const known = this.resources.get(key);
    if (known !== undefined) return known;
    const writer = new ProtoWriter(1024);
    writer.tag(tag.resourceLogs.resource);
    const resource = writer.open();
    for (const [name, value] of Object.entries(otelResource(event)))
      writeAttribute(writer, tag.resource.attributes, name, value);
    writer.close(resource);
    const bytes = Buffer.from(writer.written());
    this.resources.set(key, bytes);
    const [oldest] = this.resources.keys();
    if (this.resources.size > maxResources && oldest !== undefined) this.resources.delete(oldest);
    return bytes;
  }
}

function groupByResource(events: readonly (Alert | Log)[]): ReadonlyMap<string, (Alert | Log)[]> {
  const groups = new Map<string, (Alert | Log)[]>();
  for (const event of events) {
    const key = otelResourceKey(event);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  return groups;
}

const scopeBytes = ((): Buffer => {
  const writer = new ProtoWriter(64);
  writer.tag(tag.scopeLogs.scope);
  const scope = writer.open();
  writeText(writer, tag.scope.name, 'kubearmor-ts');
  writeText(writer, tag.scope.version, '0.1.0');
  writer.close(scope);
  return Buffer.from(writer.written());
})();

function writeRecord(writer: ProtoWriter, event: Alert | Log, observedNs: bigint): void {
  const { timeUnixNs, severityNumber, severityText, eventName } = otelFacts(event);
  writer.tag(tag.scopeLogs.records);
  const record = writer.open();
  writer.tag(tag.record.time);
  writer.fixed64(timeUnixNs);
  writer.tag(tag.record.severityNumber);
  writer.varint(severityNumber);
  writeText(writer, tag.record.severityText, severityText);
  writer.tag(tag.record.body);
  const body = writer.open();
  writer.tag(tag.value.map);
  const fields = writer.open();
  visitOtelBody(event, (key, value) => writeAttribute(writer, tag.values, key, value));
  writer.close(fields);
  writer.close(body);
  putRecordAttributes(event, (key, value) => {
    if (isPresent(value)) writeAttribute(writer, tag.record.attributes, key, value);
  });
  writer.tag(tag.record.observedTime);
  writer.fixed64(observedNs);
  writeText(writer, tag.record.eventName, eventName);
  writer.close(record);
}

function writeText(writer: ProtoWriter, field: number, text: string): void {
  writer.tag(field);
  writer.text(text);
}

/** A KeyValue as the field with this tag. */
function writeAttribute(writer: ProtoWriter, field: number, key: string, value: unknown): void {
  writer.tag(field);
  if (typeof value === 'number' && value >= 0 && value < 2 ** 31 && Number.isInteger(value)) {
    const known = keyBytes(key);
    const int = varintSize(value);
    writer.varint(known.length + 2 + int);
    writer.raw(known);
    writer.varint(1 + int);
    writer.tag(tag.value.int);
    writer.varint(value);
    return;
  }
  const pair = writer.open(1);
  writer.raw(keyBytes(key));
  if (typeof value === 'string') writer.wrappedText(tag.value.string, value);
  else writeValue(writer, value);
  writer.close(pair, 1);
}

/** Most of them are our own words; labels and keys of `EventData` are not, and must not fill the memory. */
const maxKeys = 1024;
const knownKeys = new Map<string, Buffer>();

/** The field `key` of a KeyValue, and the tag of what follows. */
function keyBytes(key: string): Buffer {
  const known = knownKeys.get(key);
  if (known !== undefined) return known;
  const writer = new ProtoWriter(64);
  writeText(writer, tag.keyValue.key, key);
  writer.tag(tag.keyValue.value);
  const bytes = Buffer.from(writer.written());
  if (knownKeys.size >= maxKeys) knownKeys.clear();
  knownKeys.set(key, bytes);
  return bytes;
}

/** An AnyValue with its length; of what OTLP has no word for an empty one. */
function writeValue(writer: ProtoWriter, value: unknown): void {
  const from = writer.open();
  if (typeof value === 'string') writeText(writer, tag.value.string, value);
  else if (typeof value === 'boolean') {
    writer.tag(tag.value.bool);
    writer.varint(value ? 1 : 0);
  } else if (Number.isSafeInteger(value)) {
    writer.tag(tag.value.int);
    writer.int64(value as number);
  } else if (typeof value === 'number') {
    writer.tag(tag.value.double);
    writer.double(value);
  } else if (Array.isArray(value)) {
    writer.tag(tag.value.array);
    const list = writer.open();
    for (const item of value as unknown[]) {
      writer.tag(tag.values);
      writeValue(writer, item);
    }
    writer.close(list);
  } else if (typeof value === 'object' && value !== null) {
    writer.tag(tag.value.map);
    const map = writer.open();
    for (const [key, member] of Object.entries(value)) writeAttribute(writer, tag.values, key, member);
    writer.close(map);
  }
  writer.close(from);
}
