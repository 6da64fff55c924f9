import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { objectsOf, chartTest } from './charts.testing.ts';
import { objectsIn } from './render-chart.ts';
import type { ChartName, KubeObject } from './render-chart.ts';

const run = promisify(execFile);
const deploy = join(import.meta.dirname, '../../deploy');
const names: readonly ChartName[] = ['kubearmor', 'kubearmor-operator'];
const identities = (objects: readonly KubeObject[]) =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();
const plain = (name: string) => objectsIn(readFileSync(join(deploy, name), 'utf8'));

const noKubectl = await run('kubectl', ['kustomize', '--help']).then(
  () => undefined,
  () => 'no kubectl with kustomize',
);

for (const chart of names) {
  chartTest(`the manifests of ${chart} hold what the chart installs, hooks excepted`, async () => {
    const rendered = await objectsOf(chart);
    const wanted = rendered.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === undefined);
    const given = [...plain('crds/crds.yaml'), ...plain(`${chart}/${chart}.yaml`)];
    const ownCrds = identities(wanted);
    expect(
      identities(given).filter((one) => !one.startsWith('CustomResourceDefinition') || ownCrds.includes(one)),
    ).toEqual(ownCrds);
  });

  test(`nothing in the manifests of ${chart} claims to belong to Helm`, () => {
    for (const object of plain(`${chart}/${chart}.yaml`))
      expect(JSON.stringify(object.metadata)).not.toMatch(/helm\.sh|"Helm"/);
  });

  const title = `kustomize builds the base of ${chart}`;
  if (noKubectl === undefined)
    test(
      title,
      async () => {
        const { stdout } = await run('kubectl', ['kustomize', join(deploy, chart)], {
          maxBuffer: 64 * 1024 * 1024,
        });
        expect(identities(objectsIn(stdout))).toEqual(
          identities([
            ...plain('crds/crds.yaml'),
            ...plain(`${chart}/namespace.yaml`),
            ...plain(`${chart}/${chart}.yaml`),
          ]),
        );
      },
      60_000,
    );
  else test.skip(`${title} (skipped: ${noKubectl})`, () => undefined);
}
