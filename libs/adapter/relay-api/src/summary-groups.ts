import type { SummariesPage } from './event-reader.ts';

type Row = SummariesPage['rows'][number];

interface Group {
  readonly workload: Row['workload'];
  readonly behaviours: object[];
}

/** Rows beside each other with the same workload become one object. */
export function groupSummaries(rows: readonly Row[], toTime: (ms: number) => string): readonly Group[] {
  const groups: Group[] = [];
  for (const { workload, firstMs, lastMs, ...behaviour } of rows) {
    const last = groups.at(-1);
    const shown = { ...behaviour, firstSeen: toTime(firstMs), lastSeen: toTime(lastMs) };
    if (last !== undefined && isSame(last.workload, workload)) last.behaviours.push(shown);
    else groups.push({ workload, behaviours: [shown] });
  }
  return groups;
}

const isSame = (a: Row['workload'], b: Row['workload']): boolean =>
  (Object.keys(a) as (keyof Row['workload'])[]).every((key) => a[key] === b[key]);
