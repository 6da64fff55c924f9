import type { CodedError, Result } from '@kubearmor-ts/result';
import { readSinkOptions } from '@kubearmor-ts/sink-net';
import type { SinkConfig, SinkOptionTable } from '@kubearmor-ts/sink-net';

export const policyReportOptions = {
  api: {
    type: 'string',
    oneOf: ['auto', 'openreports.io/v1alpha1', 'wgpolicyk8s.io/v1alpha2'],
    default: 'auto',
    help: 'API to write; auto takes the first of these that the cluster has',
  },
  maxResults: { type: 'int', default: 100, min: 1, max: 300, help: 'results in a report' },
  maxReports: { type: 'int', default: 2000, min: 1, max: 100_000, help: 'reports kept in memory' },
  batchSize: { type: 'int', default: 5000, min: 1, max: 100_000, help: 'alerts between two writings' },
  batchDelayMs: {
    type: 'int',
    default: 30_000,
    min: 0,
    max: 600_000,
    help: 'how long an alert waits for others before reports are written',
  },
} as const satisfies SinkOptionTable;

export type PolicyReportConfig = SinkConfig<typeof policyReportOptions>;

/** `value` is one object of the relay's `sinks`, `place` its name in messages: `sinks[2]`. */
export const readPolicyReportConfig = (
  value: unknown,
  place: string,
): Result<PolicyReportConfig, readonly CodedError[]> => readSinkOptions(policyReportOptions, value, place);
