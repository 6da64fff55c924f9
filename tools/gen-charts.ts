/**
 * Writes what the charts take from elsewhere: definitions (libs/contract/crd), roles (libs/contract/rbac), schemas of
 * values and the dashboard (tools/charts), templates of both charts (charts/shared), and the tables of values in their
 * READMEs. With `--check` it writes nothing and fails when a committed file differs.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { charts } from './charts/chart-list.ts';
import type { ChartRecipe } from './charts/chart-list.ts';
import { dashboard } from './charts/dashboard.ts';
import { roleTemplates } from './charts/role-templates.ts';
import { valuesReadme } from './charts/values-readme.ts';

const root = join(import.meta.dirname, '..');
const shared = join(root, 'charts/shared');
const copied = '{{- /* Copied by tools/gen-charts.ts from charts/shared. Do not edit. */ -}}\n';

const read = (path: string): string => readFileSync(path, 'utf8');

async function filesOf(chart: ChartRecipe): Promise<ReadonlyMap<string, string>> {
  const home = join(root, 'charts', chart.name);
  const files = new Map(roleTemplates(chart.roles));
  for (const crd of chart.crds)
    files.set(`files/crds/${crd.slice(crd.indexOf('/') + 1)}`, read(join(root, 'libs/contract/crd', crd)));
  for (const name of readdirSync(join(shared, 'templates')))
    files.set(`templates/shared/${name}`, copied + read(join(shared, 'templates', name)));
  for (const name of readdirSync(join(shared, 'files')))
    files.set(`files/${name}`, read(join(shared, 'files', name)));
  files.set('files/dashboard.json', `${JSON.stringify(dashboard, null, 2)}\n`);
  const style = await resolveConfig(join(home, 'README.md'));
  files.set('values.schema.json', await format(JSON.stringify(chart.schema), { ...style, parser: 'json' }));
  const readme = valuesReadme(read(join(home, 'README.md')), read(join(home, 'values.yaml')));
  files.set('README.md', await format(readme, { ...style, parser: 'markdown' }));
  return new Map([...files].map(([name, text]) => [join(home, name), text]));
}

/** Folders that hold nothing else: a file that is not written any more goes. */
const ownFolders = charts.flatMap(({ name }) =>
  ['templates/rbac', 'templates/shared', 'files'].map((folder) => join(root, 'charts', name, folder)),
);

const wanted = new Map<string, string>();
for (const chart of charts) for (const [path, text] of await filesOf(chart)) wanted.set(path, text);

const stale: string[] = [];
for (const folder of ownFolders)
  for (const entry of entries(folder)) if (!wanted.has(entry)) stale.push(entry);
for (const [path, text] of wanted) if (committed(path) !== text) stale.push(path);

if (!process.argv.includes('--check')) {
  for (const path of stale) {
    const text = wanted.get(path);
    if (text === undefined) rmSync(path);
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
} else if (stale.length > 0) {
  const names = stale.map((path) => relative(root, path)).join(', ');
  process.stderr.write(`stale: ${names}. Run node --conditions=ka-source tools/gen-charts.ts\n`);
  process.exitCode = 1;
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

function committed(path: string): string | undefined {
  try {
    return read(path);
  } catch {
    return undefined;
  }
}
