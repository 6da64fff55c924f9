import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { helm } from '../helm.ts';

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // What is inside is asserted on, piece by piece, by whoever renders.
  readonly [key: string]: unknown;
}

export type ChartName = 'kubearmor' | 'kubearmor-operator';

export interface RenderOptions {
  readonly values?: Readonly<Record<string, unknown>>;
  readonly kubeVersion?: string;
  readonly release?: string;
  readonly namespace?: string;
}

export type Rendered =
  | { readonly ok: true; readonly text: string; readonly objects: readonly KubeObject[] }
  | { readonly ok: false; readonly error: string };

/** The folder of a chart. */
export const chartDir = (chart: ChartName): string => join(import.meta.dirname, '../../charts', chart);

/** What `helm install` would send, hooks included, or what Helm says against it. */
export async function renderChart(
  binary: string,
  chart: ChartName,
  { values = {}, kubeVersion = '1.36.0', release = chart, namespace = 'kubearmor' }: RenderOptions = {},
): Promise<Rendered> {
  const home = mkdtempSync(join(tmpdir(), 'chart-'));
  try {
    const file = join(home, 'values.yaml');
    writeFileSync(file, stringify(values));
    const answer = await helm(binary, home, [
      'template',
      release,
      chartDir(chart),
      '--namespace',
      namespace,
      '--kube-version',
      kubeVersion,
      '--values',
      file,
    ]);
    if (answer.code !== 0) return { ok: false, error: answer.stderr };
    return { ok: true, text: answer.stdout, objects: objectsIn(answer.stdout) };
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** The objects of a stream of YAML documents; throws where it is no YAML. */
export function objectsIn(text: string): readonly KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    if ('empty' in document) return [];
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const object = document.toJS() as KubeObject | null;
    return object === null ? [] : [object];
  });
}
