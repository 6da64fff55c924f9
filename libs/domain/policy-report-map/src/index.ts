export { reportApis, toReport } from './report.ts';
export type { ObjectReference, ReportApi, ReportDocument, ReportResult } from './report.ts';
export { reportName, reportSubject, subjectKey } from './report-subject.ts';
export type { ReportSubject } from './report-subject.ts';
export { addAlerts, emptySummary } from './summary.ts';
export type { ReportSummary, ResultRow } from './summary.ts';
