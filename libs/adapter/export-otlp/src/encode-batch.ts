import type { OtelRecord } from '@kubearmor-ts/schema-maps';
import { otelSchemaUrl } from '@kubearmor-ts/schema-maps';
import type { AnyValue, Attributes, HrTime } from '@opentelemetry/api';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { Resource } from '@opentelemetry/resources';

const scope = { name: 'kubearmor-ts', version: '0.1.0', schemaUrl: otelSchemaUrl };

/** Bytes of an ExportLogsServiceRequest; records of equal resources share one ResourceLogs. */
export function encodeBatch(records: readonly OtelRecord[], observedNs: bigint): Uint8Array {
  // The serialiser groups by object identity.
  const resources = new Map<string, Resource>();
  const readable = records.map((record) => {
    const key = JSON.stringify(record.resource);
    let resource = resources.get(key);
    if (resource === undefined) {
      resource = resourceFromAttributes(copyOf(record.resource), { schemaUrl: otelSchemaUrl });
      resources.set(key, resource);
    }
    return {
      hrTime: toHrTime(record.timeUnixNs),
      hrTimeObserved: toHrTime(observedNs),
      severityNumber: record.severityNumber,
      severityText: record.severityText,
      eventName: record.eventName,
      body: record.body as AnyValue,
      attributes: copyOf(record.attributes),
      droppedAttributesCount: 0,
      resource,
      instrumentationScope: scope,
    };
  });
  const bytes = ProtobufLogsSerializer.serializeRequest(readable);
  if (bytes === undefined) throw new Error('the OTLP serialiser returned nothing');
  return bytes;
}

const toHrTime = (ns: bigint): HrTime => [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];

const copyOf = (attributes: OtelRecord['attributes']): Attributes => ({ ...attributes });

export interface ExportOutcome {
  readonly rejected: number;
  readonly message: string;
}

/** A response that cannot be read after a success status is a success: the receiver has the records. */
export function decodeResponse(bytes: Uint8Array): ExportOutcome {
  try {
    const partial = ProtobufLogsSerializer.deserializeResponse(bytes).partialSuccess;
    return { rejected: Number(partial?.rejectedLogRecords ?? 0), message: partial?.errorMessage ?? '' };
  } catch {
    return { rejected: 0, message: 'the response could not be read' };
  }
}
