export type Cell = string | number;

const cell = (value: Cell): string => (typeof value === 'number' ? value.toLocaleString('en-US') : value);

/** Figures right, words left; laid out as the formatter would. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = [head, ...rows.map((row) => row.map(cell))];
  const widths = head.map((_, column) => Math.max(3, ...texts.map((row) => row[column]?.length ?? 0)));
  const isFigure = head.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, at) => (isFigure[at] === true ? (row[at] ?? '').padStart(width) : (row[at] ?? '').padEnd(width))).join(' | ')} |`;
  const rule = widths.map((width, at) =>
    isFigure[at] === true ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(texts[0]!), `| ${rule.join(' | ')} |`, ...texts.slice(1).map(line)].join('\n');
}
