import type { ConfigEntry, ConfigTable } from './config-table.ts';

/** The table as a user reads it under `--help`. */
export function configHelp(table: ConfigTable): string {
  return Object.values(table)
    .map((entry) => `  ${spellings(entry)}\n      ${entry.help} (${valueText(entry)})`)
    .join('\n');
}

/** The table as a page of documentation. */
export function configMarkdown(table: ConfigTable): string {
  const rows = Object.values(table).map((entry) =>
    [
      entry.flag === undefined ? '' : `\`--${entry.flag}\``,
      code(entry.env),
      code(entry.file),
      entry.help,
      valueText(entry),
    ]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return [
    '| Flag | Environment | File | Meaning | Value |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

const code = (text: string | undefined): string => (text === undefined ? '' : `\`${text}\``);

function spellings(entry: ConfigEntry): string {
  const value = entry.type === 'bool' ? '' : ` ${entry.type.toUpperCase()}`;
  return [
    entry.flag === undefined ? [] : [`--${entry.flag}${value}`],
    entry.env === undefined ? [] : [`env ${entry.env}`],
    entry.file === undefined ? [] : [`file ${entry.file}`],
  ]
    .flat()
    .join(', ');
}

function valueText(entry: ConfigEntry): string {
  const fallback = entry.type === 'json' ? 'none' : [entry.default].flat().join(',');
  const shown = entry.isSecret === true ? 'secret' : `default ${fallback === '' ? 'none' : fallback}`;
  if (entry.type === 'string' && entry.oneOf !== undefined) return `${entry.oneOf.join('|')}, ${shown}`;
  return `${entry.type}, ${shown}`;
}
