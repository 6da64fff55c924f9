import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { chartTest, find, objectsOf } from './charts.testing.ts';
import { chartDir } from './render-chart.ts';
import type { ChartName, KubeObject } from './render-chart.ts';
import { stockOperator } from './value-sets.testing.ts';

const contract = join(import.meta.dirname, '../../libs/contract/crd');
const source = (path: string) => parse(readFileSync(join(contract, path), 'utf8')) as KubeObject;
const policies = readdirSync(join(contract, 'schemas'))
  .filter((name) => name !== 'kubearmorconfigs.yaml')
  .map((name) => source(`schemas/${name}`));
const config = source('schemas/kubearmorconfigs.yaml');

const definitions: Readonly<Record<ChartName, readonly KubeObject[]>> = {
  kubearmor: policies,
  'kubearmor-operator': [...policies, config],
};

const crdsIn = (objects: readonly KubeObject[]) =>
  objects.filter(({ kind }) => kind === 'CustomResourceDefinition');

for (const [chart, wanted] of Object.entries(definitions) as [ChartName, readonly KubeObject[]][]) {
  chartTest(`an upgrade of ${chart} upgrades every definition: they are part of the release`, async () => {
    // What stands in crds/ is installed once and never again.
    expect(readdirSync(chartDir(chart))).not.toContain('crds');
    const rendered = crdsIn(await objectsOf(chart));
    expect(rendered.map(({ metadata }) => metadata.name).sort()).toEqual(
      wanted.map(({ metadata }) => metadata.name).sort(),
    );
    for (const one of wanted) {
      const same = rendered.find(({ metadata }) => metadata.name === one.metadata.name);
      expect(same?.['spec']).toEqual(one['spec']);
      expect(same?.metadata.labels).toMatchObject({ 'app.kubernetes.io/version': 'v0.1.0' });
      expect(same?.metadata.annotations?.['helm.sh/hook']).toBeUndefined();
    }
  });

  chartTest(`an uninstallation of ${chart} leaves definitions and policies, unless asked`, async () => {
    for (const { metadata } of crdsIn(await objectsOf(chart)))
      expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
    for (const { metadata } of crdsIn(await objectsOf(chart, { values: { crds: { keep: false } } })))
      expect(metadata.annotations ?? {}).not.toHaveProperty('helm.sh/resource-policy');
    expect(crdsIn(await objectsOf(chart, { values: { crds: { enabled: false } } }))).toEqual([]);
  });
}

interface ConfigDefinition {
  readonly spec: { readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: object } }] };
}
const schema = (config as unknown as ConfigDefinition).spec.versions[0].schema.openAPIV3Schema;
const isConfig = new Ajv({ strict: false, validateFormats: false }).compile(schema);

chartTest(
  'autoDeploy gives the operator a KubeArmorConfig that its definition takes, and is no hook',
  async () => {
    for (const values of [
      { autoDeploy: true },
      { ...stockOperator, autoDeploy: true },
      { autoDeploy: true, kubearmorConfig: { tls: { enable: false }, maxAlertPerSec: 0 } },
    ]) {
      const objects = await objectsOf('kubearmor-operator', { values });
      const map = find(objects, 'ConfigMap', 'kubearmor-operator-default-config');
      expect(map.at('metadata', 'annotations')).toBeUndefined();
      const object = parse(String(map.at('data', 'kubearmorconfig.yaml')));
      expect(object).toMatchObject({
        apiVersion: 'operator.kubearmor.com/v1',
        kind: 'KubeArmorConfig',
        metadata: { name: 'kubearmor-default', namespace: 'kubearmor' },
      });
      expect([isConfig(object), isConfig.errors]).toEqual([true, null]);
    }
    expect(await objectsOf('kubearmor-operator')).not.toContainEqual(
      expect.objectContaining({
        metadata: expect.objectContaining({ name: 'kubearmor-operator-default-config' }),
      }),
    );
  },
);

chartTest('new installations have TLS on, and one value turns it off', async () => {
  const enable = async (values: object) => {
    const objects = await objectsOf('kubearmor-operator', { values: { autoDeploy: true, ...values } });
    const map = find(objects, 'ConfigMap', 'kubearmor-operator-default-config');
    return parse(String(map.at('data', 'kubearmorconfig.yaml'))).spec.tls.enable;
  };
  expect(await enable({})).toBe(true);
  expect(await enable({ kubearmorConfig: { tls: { enable: false } } })).toBe(false);
  const argsOf = async (values: object) => {
    const objects = await objectsOf('kubearmor', { values: { ...values } });
    return find(objects, 'DaemonSet', 'kubearmor').at('spec', 'template', 'spec', 'containers', 0, 'args');
  };
  expect(await argsOf({})).toContain('-tlsEnabled=true');
  expect(await argsOf({ tls: { enabled: false } })).toContain('-tlsEnabled=false');
});

test('every field that KubeArmor 1.7 has in KubeArmorConfig is there, with its type', () => {
  const spec = (schema as { properties: { spec: { properties: Record<string, { type: string }> } } })
    .properties.spec.properties;
  const types = Object.fromEntries(Object.entries(spec).map(([key, { type }]) => [key, type]));
  expect(types).toEqual({
    recommendedPolicies: 'object',
    defaultFilePosture: 'string',
    defaultCapabilitiesPosture: 'string',
    defaultNetworkPosture: 'string',
    defaultVisibility: 'string',
    globalImagePullSecrets: 'array',
    globalTolerations: 'array',
    globalNodeSelector: 'object',
    globalEnv: 'array',
    kubearmorImage: 'object',
    kubearmorInitImage: 'object',
    kubearmorRelayImage: 'object',
    kubearmorControllerImage: 'object',
    kubeRbacProxyImage: 'object',
    tls: 'object',
    enableStdOutLogs: 'boolean',
    enableStdOutAlerts: 'boolean',
    enableStdOutMsgs: 'boolean',
    seccompEnabled: 'boolean',
    alertThrottling: 'boolean',
    maxAlertPerSec: 'integer',
    throttleSec: 'integer',
    matchArgs: 'boolean',
    dropResourceFromProcessLogs: 'boolean',
    enableNRI: 'boolean',
    controllerPort: 'integer',
    adapters: 'object',
  });
  // A default here would write false over what the documentation says is true.
  expect(spec['alertThrottling']).not.toHaveProperty('default');
  expect(spec['matchArgs']).not.toHaveProperty('default');
});
