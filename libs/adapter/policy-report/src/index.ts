export { policyReportOptions, readPolicyReportConfig } from './policy-report-config.ts';
export type { PolicyReportConfig } from './policy-report-config.ts';
export { createPolicyReportSink } from './policy-report-sink.ts';
export type { PolicyReportSinkOptions } from './policy-report-sink.ts';
export type { ApplyOutcome, ReportStore } from './report-store.ts';
