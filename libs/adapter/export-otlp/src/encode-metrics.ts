import { ValueType } from '@opentelemetry/api';
import type { HrTime } from '@opentelemetry/api';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics';
import type { MetricData } from '@opentelemetry/sdk-metrics';

/** One metric as it stands now. */
export interface MetricReading {
  readonly name: string;
  readonly help: string;
  /** By UCUM: `{alert}`, `By`, `s`; empty when it is in the name. */
  readonly unit: string;
  /** A counter only grows until the process ends. */
  readonly type: 'counter' | 'gauge';
  readonly points: readonly {
    readonly attributes: Readonly<Record<string, string | boolean>>;
    readonly value: number;
  }[];
}

export interface MetricsMoment {
  readonly resource: Readonly<Record<string, string>>;
  /** When the counters were 0. */
  readonly startNs: bigint;
  readonly nowNs: bigint;
}

/** Bytes of an ExportMetricsServiceRequest, counters as cumulative sums. */
export function encodeMetrics(readings: readonly MetricReading[], moment: MetricsMoment): Uint8Array {
  const startTime = toHrTime(moment.startNs);
  const endTime = toHrTime(moment.nowNs);
  const metrics = readings.map(({ name, help, unit, type, points }): MetricData => {
    const isWhole = points.every(({ value }) => Number.isSafeInteger(value));
    const common = {
      descriptor: { name, description: help, unit, valueType: isWhole ? ValueType.INT : ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPoints: points.map(({ attributes, value }) => ({
        startTime,
        endTime,
        attributes: { ...attributes },
        value,
      })),
    };
    return type === 'counter'
      ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true }
      : { ...common, dataPointType: DataPointType.GAUGE };
  });
  const bytes = ProtobufMetricsSerializer.serializeRequest({
    resource: resourceFromAttributes({ ...moment.resource }),
    scopeMetrics: [{ scope: { name: 'kubearmor-ts', version: '0.1.0' }, metrics }],
  });
  if (bytes === undefined) throw new Error('the OTLP serialiser returned nothing');
  return bytes;
}

const toHrTime = (ns: bigint): HrTime => [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
