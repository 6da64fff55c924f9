import type { Alert } from '@kubearmor-ts/proto';
import { eventTimeMs } from '@kubearmor-ts/schema-maps';

/** Alerts that are alike, as one. */
export interface ResultRow {
  readonly policy: string;
  readonly action: string;
  readonly operation: string;
  readonly resource: string;
  readonly process: string;
  readonly outcome: string;
  readonly enforcer: string;
  readonly severity: string;
  readonly tags: string;
  readonly message: string;
  readonly count: number;
  /** Unix milliseconds. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What is known of one subject. */
export interface ReportSummary {
  /** In the order they were last seen, the oldest first. */
  readonly rows: ReadonlyMap<string, ResultRow>;
  /** Alerts of rows that had to make room. */
  readonly notListed: number;
}

export const emptySummary: ReportSummary = { rows: new Map(), notListed: 0 };

/** The summary with the alerts in it; the given one stays as it is. */
export function addAlerts(
  summary: ReportSummary,
  alerts: readonly Alert[],
  maxResults: number,
): ReportSummary {
  const rows = new Map(summary.rows);
  let { notListed } = summary;
  for (const alert of alerts) {
    const row = toRow(alert);
    const key = JSON.stringify([
      row.policy,
      row.action,
      row.operation,
      row.resource,
      row.process,
      row.outcome,
    ]);
    const known = rows.get(key);
    // Taken out and put in again, so that the map is in the order of what was seen last.
    rows.delete(key);
    rows.set(key, known === undefined ? row : joined(known, row));
    while (rows.size > maxResults) {
      const [oldest, { count }] = rows.entries().next().value!;
      rows.delete(oldest);
      notListed += count;
    }
  }
  return { rows, notListed };
}

const joined = (known: ResultRow, row: ResultRow): ResultRow => ({
  ...row,
  count: known.count + row.count,
  firstMs: Math.min(known.firstMs, row.firstMs),
  lastMs: Math.max(known.lastMs, row.lastMs),
});

function toRow(alert: Alert): ResultRow {
  const timeMs = eventTimeMs(alert);
  return {
    policy: line(alert.PolicyName, 253) || 'unknown',
    action: line(alert.Action, 64),
    operation: line(alert.Operation, 64),
    resource: line(alert.Resource, 512),
    process: line(alert.ProcessName, 256),
    outcome: line(alert.Result, 128),
    enforcer: line(alert.Enforcer, 64),
    severity: line(alert.Severity, 8),
    tags: line(alert.Tags, 256),
    message: line(alert.Message, 512),
    count: 1,
    firstMs: timeMs,
    lastMs: timeMs,
  };
}

/** One line of well-formed text, cut with a mark. */
function line(text: string, longest: number): string {
  const clean = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1).toWellFormed()}…`;
}
