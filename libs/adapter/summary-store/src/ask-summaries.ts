import type { BehaviourClass, Outcome } from '@kubearmor-ts/behaviour';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { SummaryPage, SummaryQuery, SummaryRow } from './query.ts';

const columns = [
  ['namespace', 'w.namespace'],
  ['ownerKind', 'w.owner_kind'],
  ['ownerName', 'w.owner_name'],
  ['container', 'w.container'],
  ['host', 'w.host'],
  ['class', 'b.class'],
  ['outcome', 'b.outcome'],
] as const;

export function askSummaries(database: DatabaseSync, query: SummaryQuery): SummaryPage {
  const [workload, behaviour] = query.after ?? [0, 0];
  const clauses = ['(b.workload, b.id) > (?, ?)'];
  const values: SQLInputValue[] = [workload, behaviour];
  for (const [key, column] of columns) {
    const value = query[key];
    if (value === undefined) continue;
    clauses.push(`${column} = ?`);
    values.push(value);
  }
  const found = database
    .prepare(
      'SELECT w.*, b.id AS behaviour, b.workload, b.class, b.source, b.target, b.detail, b.outcome, b.count,' +
        ' b.first_ms, b.last_ms FROM behaviours b JOIN workloads w ON w.id = b.workload' +
        ` WHERE ${clauses.join(' AND ')} ORDER BY b.workload, b.id LIMIT ?`,
    )
    .all(...values, query.limit);
  const last = found.length === query.limit ? found.at(-1) : undefined;
  return {
    rows: found.map(toRow),
    ...(last === undefined ? {} : { next: [Number(last['workload']), Number(last['behaviour'])] as const }),
  };
}

const toRow = (row: Record<string, unknown>): SummaryRow => ({
  workload: {
    cluster: String(row['cluster']),
    host: String(row['host']),
    namespace: String(row['namespace']),
    ownerKind: String(row['owner_kind']),
    ownerName: String(row['owner_name']),
    container: String(row['container']),
  },
  class: row['class'] as BehaviourClass,
  source: String(row['source']),
  target: String(row['target']),
  detail: String(row['detail']),
  outcome: row['outcome'] as Outcome,
  count: Number(row['count']),
  firstMs: Number(row['first_ms']),
  lastMs: Number(row['last_ms']),
});
