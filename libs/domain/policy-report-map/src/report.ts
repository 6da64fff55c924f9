import type { ReportSubject } from './report-subject.ts';
import { reportName } from './report-subject.ts';
import type { ReportSummary, ResultRow } from './summary.ts';

/** The two APIs that carry the same report. */
export const reportApis = ['openreports.io/v1alpha1', 'wgpolicyk8s.io/v1alpha2'] as const;
export type ReportApi = (typeof reportApis)[number];

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface ReportResult {
  readonly source: string;
  readonly policy: string;
  readonly rule: string;
  readonly category: string;
  readonly severity: 'critical' | 'high' | 'medium' | 'low' | 'info';
  readonly timestamp: { readonly seconds: number; readonly nanos: number };
  readonly result: 'fail' | 'warn';
  readonly scored: boolean;
  readonly resources: readonly ObjectReference[];
  readonly message: string;
  readonly properties: Readonly<Record<string, string>>;
}

export interface ReportDocument {
  readonly apiVersion: ReportApi;
  readonly kind: 'Report' | 'ClusterReport' | 'PolicyReport' | 'ClusterPolicyReport';
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  /** Only the newer API has it here; both have it in each result. */
  readonly source?: string;
  readonly scope: ObjectReference;
  readonly summary: Readonly<Record<'pass' | 'fail' | 'warn' | 'error' | 'skip', number>>;
  readonly results: readonly ReportResult[];
}

const source = 'KubeArmor';

/** What was refused has failed its policy; what was only reported is a warning. */
export function toReport(api: ReportApi, subject: ReportSubject, summary: ReportSummary): ReportDocument {
  const scope = referenceOf(subject);
  const results = [...summary.rows.values()].reverse().map((row) => toResult(row, scope));
  const count = (result: ReportResult['result']): number =>
    results.filter((row) => row.result === result).length;
  return {
    apiVersion: api,
    kind: kindOf(api, subject),
    metadata: {
      name: reportName(subject),
      ...(subject.namespace === '' ? {} : { namespace: subject.namespace }),
      labels: { 'app.kubernetes.io/managed-by': 'kubearmor-ts' },
      annotations: { 'kubearmor-ts/alerts-not-listed': String(summary.notListed) },
    },
    ...(api === 'openreports.io/v1alpha1' ? { source } : {}),
    scope,
    summary: { pass: 0, fail: count('fail'), warn: count('warn'), error: 0, skip: 0 },
    results,
  };
}

function kindOf(api: ReportApi, { namespace }: ReportSubject): ReportDocument['kind'] {
  if (api === 'openreports.io/v1alpha1') return namespace === '' ? 'ClusterReport' : 'Report';
  return namespace === '' ? 'ClusterPolicyReport' : 'PolicyReport';
}

const referenceOf = ({ apiVersion, kind, name, namespace }: ReportSubject): ObjectReference => ({
  apiVersion,
  kind,
  name,
  ...(namespace === '' ? {} : { namespace }),
});

function toResult(row: ResultRow, scope: ObjectReference): ReportResult {
  const isBlocked = row.action === 'Block';
  const did = isBlocked ? 'was refused' : 'was reported';
  const what = `${row.process || 'a process'} ${did}: ${row.operation} ${row.resource}`.trim();
  return {
    source,
    policy: row.policy,
    rule: `${row.operation}: ${row.resource}`,
    category: row.operation,
    severity: severityOf(row),
    timestamp: { seconds: Math.floor(row.lastMs / 1000), nanos: (row.lastMs % 1000) * 1_000_000 },
    result: isBlocked ? 'fail' : 'warn',
    scored: true,
    resources: [scope],
    message: row.message === '' ? what : `${row.message} (${what})`,
    properties: Object.fromEntries(
      Object.entries({
        action: row.action,
        operation: row.operation,
        resource: row.resource,
        process: row.process,
        outcome: row.outcome,
        enforcer: row.enforcer,
        policySeverity: row.severity,
        tags: row.tags,
        count: String(row.count),
        firstSeen: new Date(row.firstMs).toISOString(),
        lastSeen: new Date(row.lastMs).toISOString(),
      }).filter(([, value]) => value !== ''),
    ),
  };
}

/** A policy's 1 to 10; the default posture has none. */
function severityOf({ severity, action }: ResultRow): ReportResult['severity'] {
  const number = Number(severity);
  if (severity === '' || !(number >= 1)) return action === 'Block' ? 'medium' : 'info';
  if (number <= 2) return 'low';
  if (number <= 5) return 'medium';
  return number <= 8 ? 'high' : 'critical';
}
