import { isMap, isScalar, parseDocument } from 'yaml';
import type { Pair, YAMLMap } from 'yaml';

const open = '<!-- values -->';
const close = '<!-- /values -->';

/** The README with the table of values between its marks; throws when it has none. */
export function valuesReadme(readme: string, values: string): string {
  const from = readme.indexOf(open);
  const to = readme.indexOf(close);
  if (from < 0 || to < from) throw new Error(`the README has no ${open} … ${close}`);
  const rows = rowsOf(values).map(({ key, fallback, help }) => `| \`${key}\` | ${fallback} | ${help} |`);
  const table = `| Key | Default | Meaning |\n|---|---|---|\n${rows.join('\n')}`;
  return `${readme.slice(0, from + open.length)}\n\n${table}\n\n${readme.slice(to)}`;
}

export interface ValueRow {
  readonly key: string;
  readonly fallback: string;
  readonly help: string;
}

/** One row for each value that a reader can set: a leaf, or an object that its comment (`# -- …`) speaks for. */
export function rowsOf(values: string): readonly ValueRow[] {
  const document = parseDocument(values);
  if (!isMap(document.contents)) throw new Error('the values are not a mapping');
  return mapRows(document.contents, '');
}

function mapRows(map: YAMLMap, prefix: string): readonly ValueRow[] {
  return (map.items as Pair[]).flatMap((pair, index) => {
    const key = `${prefix}${String(isScalar(pair.key) ? pair.key.value : pair.key)}`;
    // The comment above the first key belongs to the map itself.
    const comment =
      (isScalar(pair.key) ? pair.key.commentBefore : undefined) ??
      (index === 0 ? map.commentBefore : undefined);
    const help = helpIn(comment ?? '');
    const value = pair.value;
    if (isMap(value) && value.items.length > 0 && (help === undefined || !value.flow))
      return mapRows(value, `${key}.`);
    const plain = JSON.stringify(isMap(value) || !isScalar(value) ? value : value.value);
    return [
      { key, fallback: `\`${plain.replaceAll('|', '\\|')}\``, help: (help ?? '').replaceAll('|', '\\|') },
    ];
  });
}

const helpIn = (comment: string): string | undefined => /^ -- (.*)$/m.exec(comment)?.[1];
