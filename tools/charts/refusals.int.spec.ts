import { chartTest, refusalOf } from './charts.testing.ts';
import type { ChartName } from './render-chart.ts';

interface Refusal {
  readonly chart: ChartName;
  readonly values: Readonly<Record<string, unknown>>;
  /** Where it is, as a user would look for it, and what is wrong. */
  readonly says: RegExp;
}

const refusals: Readonly<Record<string, Refusal>> = {
  'a key that does not exist': {
    chart: 'kubearmor',
    values: { kubearmorRelai: { enabled: false } },
    says: /additional properties 'kubearmorRelai' not allowed/,
  },
  'a key deep inside that does not exist': {
    chart: 'kubearmor',
    values: { kubearmor: { image: { tags: 'v1' } } },
    says: /\/kubearmor\/image'.*additional properties 'tags' not allowed/,
  },
  'an environment nobody knows': {
    chart: 'kubearmor',
    values: { environment: { name: 'gke' } },
    says: /\/environment\/name'.*value must be one of.*'GKE'/,
  },
  'a posture that does not exist': {
    chart: 'kubearmor',
    values: { kubearmorConfigMap: { defaultFilePosture: 'deny' } },
    says: /\/kubearmorConfigMap\/defaultFilePosture'.*'audit', 'block'/,
  },
  'a visibility that does not exist': {
    chart: 'kubearmor',
    values: { kubearmorConfigMap: { visibility: 'process,files' } },
    says: /\/kubearmorConfigMap\/visibility'.*does not match/,
  },
  'a digest that is none': {
    chart: 'kubearmor',
    values: { kubearmor: { image: { digest: 'latest' } } },
    says: /\/kubearmor\/image\/digest'.*does not match/,
  },
  'no replica': {
    chart: 'kubearmor',
    values: { kubearmorController: { replicas: 0 } },
    says: /\/kubearmorController\/replicas'.*minimum/,
  },
  'a text where a number belongs': {
    chart: 'kubearmor',
    values: { kubearmorController: { webhookPort: '9443' } },
    says: /\/kubearmorController\/webhookPort'.*got string, want integer/,
  },
  'a misspelt setting of KubeArmorConfig': {
    chart: 'kubearmor-operator',
    values: { kubearmorConfig: { alertThrotling: true } },
    says: /\/kubearmorConfig'.*additional properties 'alertThrotling' not allowed/,
  },
  'a misspelt setting inside its images': {
    chart: 'kubearmor-operator',
    values: { kubearmorConfig: { kubearmorImage: { imagePullPolicy: 'Sometimes' } } },
    says: /\/kubearmorConfig\/kubearmorImage\/imagePullPolicy'.*'Always', 'IfNotPresent', 'Never'/,
  },
  'another name for a Secret that clients look for by name': {
    chart: 'kubearmor-operator',
    values: { tlsSecrets: { relayServer: 'mine' } },
    says: /\/tlsSecrets\/relayServer'.*kubearmor-relay-server-certs/,
  },
};

for (const [name, { chart, values, says }] of Object.entries(refusals))
  chartTest(`${chart} refuses ${name} and names the key`, async () => {
    expect(await refusalOf(chart, values)).toMatch(new RegExp(says.source, 's'));
  });
