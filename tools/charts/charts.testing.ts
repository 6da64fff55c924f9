import { buildHelm } from '../helm.ts';
import { kubeSchemas } from '../kube-schemas.ts';
import { createObjectChecker } from './object-checker.ts';
import type { ObjectChecker } from './object-checker.ts';
import { renderChart } from './render-chart.ts';
import type { ChartName, KubeObject, RenderOptions } from './render-chart.ts';

const built = await buildHelm();
const noHelm = 'missing' in built ? built.missing.replace(/[()]/g, '') : undefined;
if (noHelm !== undefined) process.stderr.write(`skipped: ${noHelm}\n`);

export const helmBinary = 'binary' in built ? built.binary : '';

/** A test that needs Helm; where there is none it is skipped, and its title says why. */
export function chartTest(name: string, body: () => Promise<void>): void {
  if (noHelm === undefined) test(name, body, 300_000);
  else test.skip(`${name} (skipped: ${noHelm})`, () => undefined);
}

let asked: Promise<ObjectChecker | { readonly missing: string }> | undefined;

/** The same, with the schemas of Kubernetes; their module is asked for when the first of these tests is declared. */
export async function schemaTest(name: string, body: (check: ObjectChecker) => Promise<void>): Promise<void> {
  asked ??= kubeSchemas().then((found) => ('missing' in found ? found : createObjectChecker(found.dir)));
  const check = await asked;
  if (typeof check === 'function') chartTest(name, () => body(check));
  else test.skip(`${name} (skipped: ${check.missing.replace(/[()]/g, '')})`, () => undefined);
}

/** What a chart renders; a refusal fails the test. */
export async function objectsOf(chart: ChartName, options?: RenderOptions): Promise<readonly KubeObject[]> {
  const rendered = await renderChart(helmBinary, chart, options);
  if (!rendered.ok) throw new Error(rendered.error);
  return rendered.objects;
}

/** What Helm says against values that it must not take. */
export async function refusalOf(
  chart: ChartName,
  values: Readonly<Record<string, unknown>>,
): Promise<string> {
  const rendered = await renderChart(helmBinary, chart, { values });
  if (rendered.ok) throw new Error(`${chart} takes ${JSON.stringify(values)}`);
  return rendered.error;
}

/** One object as a tree to assert on; fails where it is missing. */
export function find(objects: readonly KubeObject[], kind: string, name: string): Tree {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined)
    throw new Error(
      `no ${kind} ${name} among ${objects.map((one) => `${one.kind} ${one.metadata.name}`).join(', ')}`,
    );
  return treeOf(found);
}

/** A value inside an object: `at('spec', 'ports', 0)` is undefined where there is nothing. */
export interface Tree {
  at(...path: readonly (string | number)[]): unknown;
  list(...path: readonly (string | number)[]): readonly Tree[];
}

export const treeOf = (value: unknown): Tree => ({
  at: (...path) =>
    path.reduce<unknown>((part, key) => (part as Record<string | number, unknown> | undefined)?.[key], value),
  list: (...path) => {
    const part = treeOf(value).at(...path);
    return Array.isArray(part) ? part.map(treeOf) : [];
  },
});
