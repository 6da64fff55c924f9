import type { Behaviour, WorkloadSummary } from './read-summaries.ts';

const headings: Readonly<Record<string, string>> = {
  process: 'Processes',
  file: 'Files',
  network: 'Network',
  syscall: 'System calls',
  capability: 'Capabilities',
  device: 'Devices',
  other: 'Other',
};
const columns = ['SOURCE', 'TARGET', 'DETAIL', 'OUTCOME', 'COUNT', 'FIRST SEEN', 'LAST SEEN'] as const;

/** One block for each workload, one table for each class in it; the most frequent first. */
export function summariesText(summaries: readonly WorkloadSummary[]): string {
  return summaries.map(workloadText).join('\n');
}

function workloadText({ workload, behaviours }: WorkloadSummary): string {
  const lines = [`== ${workloadName(workload)} ==`];
  for (const [kind, heading] of Object.entries(headings)) {
    const rows = behaviours.filter((row) => row.class === kind).sort((a, b) => b.count - a.count);
    if (rows.length > 0) lines.push('', heading, ...table(rows.map(cells)));
  }
  return `${lines.join('\n')}\n`;
}

function workloadName(workload: WorkloadSummary['workload']): string {
  const { cluster, host, namespace, ownerKind, ownerName, container } = workload;
  const place =
    host === '' ? [namespace, ownerKind, ownerName].filter((part) => part !== '').join('/') : `host ${host}`;
  const inside = container === '' ? '' : ` container ${container}`;
  return printable(`${place}${inside}${cluster === '' ? '' : ` (cluster ${cluster})`}`);
}

const cells = (row: Behaviour): readonly string[] => [
  printable(row.source),
  printable(row.target),
  printable(row.detail),
  row.outcome,
  String(row.count),
  seconds(row.firstSeen),
  seconds(row.lastSeen),
];

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const all = [columns, ...rows];
  const widths = columns.map((_name, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}

const seconds = (time: string): string => time.replace(/\.\d+Z$/, 'Z');

/** Names come from the workloads: what could move a cursor or break a line is shown instead of done. */
const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
