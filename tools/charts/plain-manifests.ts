import { renderChart } from './render-chart.ts';
import type { ChartName } from './render-chart.ts';

const namespace = 'kubearmor';
const head = '# Rendered from charts/ by tools/gen-manifests.ts. Do not edit.\n';

/** Marks of Helm on objects that it does not manage would make it, and its users, believe that it does. */
const marks = /^ +(?:helm\.sh\/chart|app\.kubernetes\.io\/managed-by): .*\n/gm;
const sources = /^# Source: .*\n/gm;

const kustomization = (...resources: readonly string[]): string =>
  `${head}apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n` +
  resources.map((one) => `  - ${one}\n`).join('');

const namespaceManifest =
  `${head}apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${namespace}\n  labels:\n` +
  // Agents use the network of their node and paths of it; the namespace holds nothing else.
  `    pod-security.kubernetes.io/enforce: privileged\n`;

/** File below deploy/ to its text; throws when a chart does not render. */
export async function plainManifests(helmBinary: string): Promise<ReadonlyMap<string, string>> {
  const render = async (chart: ChartName, values: Readonly<Record<string, unknown>>): Promise<string> => {
    const rendered = await renderChart(helmBinary, chart, { values, namespace, release: chart });
    if (!rendered.ok) throw new Error(rendered.error);
    return head + rendered.text.replace(marks, '').replace(sources, '');
  };
  const all = await render('kubearmor-operator', { crds: { enabled: true, keep: false } });
  const files = new Map<string, string>([
    ['crds/crds.yaml', head + documents(all, /^kind: CustomResourceDefinition$/m)],
    ['crds/kustomization.yaml', kustomization('crds.yaml')],
  ]);
  for (const chart of ['kubearmor', 'kubearmor-operator'] as const) {
    files.set(
      `${chart}/${chart}.yaml`,
      // A hook is Helm's to run.
      await render(chart, {
        crds: { enabled: false },
        ...(chart === 'kubearmor-operator' ? { uninstall: { enabled: false } } : {}),
      }),
    );
    files.set(`${chart}/namespace.yaml`, namespaceManifest);
    files.set(`${chart}/kustomization.yaml`, kustomization('../crds', 'namespace.yaml', `${chart}.yaml`));
  }
  return files;
}

const documents = (text: string, wanted: RegExp): string =>
  text
    .split(/^---\n/m)
    .filter((document) => wanted.test(document))
    .map((document) => `---\n${document}`)
    .join('');
