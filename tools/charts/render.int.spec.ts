import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { helm } from '../helm.ts';
import { chartTest, helmBinary, objectsOf, schemaTest } from './charts.testing.ts';
import { chartDir, renderChart } from './render-chart.ts';
import type { ChartName, KubeObject } from './render-chart.ts';
import { valueSets } from './value-sets.testing.ts';

const chartNames: readonly ChartName[] = ['kubearmor', 'kubearmor-operator'];

/** Kinds of others, whose schemas are not in Kubernetes. */
const foreign = [
  'cert-manager.io/v1 Certificate',
  'cert-manager.io/v1 Issuer',
  'monitoring.coreos.com/v1 PrometheusRule',
  'monitoring.coreos.com/v1 ServiceMonitor',
  'security.openshift.io/v1 SecurityContextConstraints',
];

for (const chart of chartNames)
  chartTest(`helm lint holds nothing against ${chart}`, async () => {
    const home = mkdtempSync(join(tmpdir(), 'lint-'));
    const answer = await helm(helmBinary, home, ['lint', '--strict', chartDir(chart)]);
    rmSync(home, { recursive: true });
    expect({ code: answer.code, said: answer.stdout + answer.stderr }).toMatchObject({ code: 0 });
  });

for (const { name, chart, values } of valueSets)
  await schemaTest(`${chart}, ${name}: every object is one that Kubernetes takes`, async (check) => {
    const objects = await objectsOf(chart, { values });
    const problems: string[] = [];
    for (const object of objects) {
      const said = await check(object);
      if (said !== 'unknown kind') problems.push(...said);
      else if (!foreign.includes(`${object.apiVersion} ${object.kind}`))
        problems.push(`${object.apiVersion} ${object.kind} is no kind of Kubernetes`);
    }
    expect(problems).toEqual([]);
    expect(twice(objects.map(identity))).toEqual([]);
    for (const object of objects) for (const list of containerLists(object)) expect(twice(list)).toEqual([]);
  });

await schemaTest(
  'the check of objects sees a misspelt key, a wrong type and a missing part',
  async (check) => {
    const container = { name: 'x', image: 'y', prots: [] };
    const pod = (spec: unknown): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec,
    });
    expect(await check(pod({ containers: [container] }))).toEqual([
      expect.stringMatching(/Pod a\/spec\/containers\/0.*prots/),
    ]);
    expect(await check(pod({ containers: [{ name: 'x', image: 7 }] }))).toEqual([
      expect.stringMatching(/image.*string/),
    ]);
    expect(await check(pod({}))).toEqual([expect.stringMatching(/containers/)]);
    expect(await check(pod({ containers: [{ name: 'x' }], tolerations: [{ operator: 'Exists' }] }))).toEqual(
      [],
    );
    expect(await check({ ...pod({}), apiVersion: 'v7' })).toBe('unknown kind');
  },
);

for (const chart of chartNames)
  chartTest(`${chart} renders the same twice, so nothing differs in GitOps`, async () => {
    const one = await renderChart(helmBinary, chart);
    expect(await renderChart(helmBinary, chart)).toEqual(one);
  });

for (const chart of chartNames)
  chartTest(`${chart} goes into any namespace, and names no other`, async () => {
    const objects = await objectsOf(chart, { namespace: 'armor' });
    const clusterWide = /Cluster|CustomResourceDefinition|WebhookConfiguration/;
    for (const object of objects)
      expect([identity(object), object.metadata.namespace]).toEqual([
        identity(object),
        clusterWide.test(object.kind) ? undefined : 'armor',
      ]);
    const rest = objects.filter(({ kind }) => kind !== 'CustomResourceDefinition');
    expect(JSON.stringify(rest)).not.toMatch(
      /"kubearmor\.svc|namespace":"kubearmor"|kubearmor-agents\.kubearmor/,
    );
  });

chartTest('a digest wins over a tag, and one value moves every image to another registry', async () => {
  const digest = `sha256:${'b'.repeat(64)}`;
  const values = {
    global: { imageRegistry: 'mirror.example/armor' },
    kubearmor: { image: { digest } },
    kubearmorRelay: { image: { repository: 'kubearmor-relay', tag: 'v9' } },
  };
  const images = (await objectsOf('kubearmor', { values })).flatMap(imagesOf);
  expect([...new Set(images)].sort()).toEqual([
    `mirror.example/armor/kubearmor-relay:v9`,
    `mirror.example/armor/kubearmor/kubearmor-controller:v0.1.0`,
    `mirror.example/armor/kubearmor/kubearmor-operator:v0.1.0`,
    `mirror.example/armor/kubearmor/kubearmor@${digest}`,
  ]);
});

chartTest('an API server too old for the chart is refused with both versions', async () => {
  const rendered = await renderChart(helmBinary, 'kubearmor', { kubeVersion: '1.24.0' });
  expect(rendered).toMatchObject({ ok: false, error: expect.stringMatching(/1\.25.*1\.24/s) });
});

const identity = ({ apiVersion, kind, metadata }: KubeObject): string =>
  `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

const twice = (names: readonly string[]): readonly string[] =>
  names.filter((name, index) => names.indexOf(name) !== index);

interface PodSpec {
  readonly containers: readonly {
    readonly image: string;
    readonly volumeMounts?: readonly { readonly mountPath: string }[];
    readonly env?: readonly { readonly name: string }[];
  }[];
  readonly volumes?: readonly { readonly name: string }[];
}

function podSpecOf(object: KubeObject): PodSpec | undefined {
  const spec = object['spec'] as
    | {
        template?: { spec: PodSpec };
        jobTemplate?: { spec: { template: { spec: PodSpec } } };
      }
    | undefined;
  return spec?.template?.spec ?? spec?.jobTemplate?.spec.template.spec;
}

const imagesOf = (object: KubeObject): readonly string[] =>
  podSpecOf(object)?.containers.map(({ image }) => image) ?? [];

/** Lists in which the API server refuses a name that stands there twice. */
function containerLists(object: KubeObject): readonly (readonly string[])[] {
  const pod = podSpecOf(object);
  if (pod === undefined) return [];
  return [
    (pod.volumes ?? []).map(({ name }) => name),
    ...pod.containers.flatMap(({ volumeMounts = [], env = [] }) => [
      volumeMounts.map(({ mountPath }) => mountPath),
      env.map(({ name }) => name),
    ]),
  ];
}
