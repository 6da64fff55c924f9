import type { LintFinding, LintReport, LintSummary } from './lint-files.ts';

/** One line per finding in the form that editors and CI systems recognise, then a summary line. */
export function lintText({ findings, summary }: LintReport): string {
  return `${findings.map((finding) => `${findingLine(finding)}\n`).join('')}${summaryLine(summary)}\n`;
}

export const lintJson = (report: LintReport): string => `${JSON.stringify(report, null, 2)}\n`;

function findingLine({ file, line, column, severity, code, message, path }: LintFinding): string {
  return `${file}:${line}:${column}: ${severity}: ${path === '' ? '' : `${path}: `}${message} [${code}]`;
}

function summaryLine({ files, valid, invalid, skipped, errors, warnings }: LintSummary): string {
  const parts = [`${counted(valid, 'valid policy', 'valid policies')}`, `${invalid} invalid`];
  if (skipped > 0) parts.push(`${skipped} skipped`);
  return `${counted(files, 'file', 'files')}: ${parts.join(', ')}; ${counted(errors, 'error', 'errors')}, ${counted(warnings, 'warning', 'warnings')}`;
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
