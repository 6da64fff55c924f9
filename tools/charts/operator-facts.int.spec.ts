import { chartTest, find, objectsOf } from './charts.testing.ts';
import type { Tree } from './charts.testing.ts';

const container = (workload: Tree): Tree => workload.list('spec', 'template', 'spec', 'containers')[0]!;
const operatorOf = async (values: Readonly<Record<string, unknown>>, name = 'kubearmor-operator') =>
  container(find(await objectsOf('kubearmor-operator', { values }), 'Deployment', name));
const environment = (one: Tree): Readonly<Record<string, unknown>> =>
  Object.fromEntries(one.list('env').map((entry) => [entry.at('name'), entry.at('value')]));

chartTest('the operator is started with the flags and variables it is documented with', async () => {
  const operator = await operatorOf({});
  expect(operator.at('args')).toEqual([
    '--lsm=bpf,apparmor,selinux',
    '--deploymentName=kubearmor-operator',
    '--annotateResource=false',
    '--annotateExisting=false',
    '--loglevel=info',
    '--leader-elect=true',
    '--health-probe-bind-address=:8081',
    '--metrics-bind-address=:8080',
    '--cert-manager=false',
  ]);
  expect(environment(operator)).toEqual({ KUBEARMOR_OPERATOR_NS: undefined, KUBEARMOR_OCI_HOOKS: 'no' });
});

chartTest('every option of the operator reaches it', async () => {
  const operator = await operatorOf({
    autoDeploy: true,
    imagePinning: true,
    registry: { secretName: 'pull' },
    openshift: { enabled: true },
    startupTaint: { enabled: true, timeoutSeconds: 90 },
    kubearmor: { repo: 'registry.example/armor', images: { kubearmorSnitch: { tag: 'v5' } } },
    kubearmorOperator: {
      enableOCIHooks: true,
      socketFile: '/run/a.sock',
      clusterName: 'north',
      args: ['--lsm=bpf'],
    },
  });
  expect(operator.at('args')).toEqual(
    expect.arrayContaining([
      '--lsm=bpf',
      '--image-pull-secrets=[{"name":"pull"}]',
      '--socket-file=/run/a.sock',
      '--clusterName=north',
      '--startup-taint=kubearmor.io/agent-not-ready',
      '--startup-taint-timeout=90s',
      '--default-config=/etc/kubearmor-operator/kubearmorconfig.yaml',
    ]),
  );
  expect(environment(operator)).toEqual({
    KUBEARMOR_OPERATOR_NS: undefined,
    KUBEARMOR_OCI_HOOKS: 'yes',
    REDHAT_CERTIFIED_OP: 'yes',
    RELATED_IMAGE_KUBEARMOR: 'registry.example/armor/kubearmor:v0.1.0',
    RELATED_IMAGE_KUBEARMOR_INIT: 'registry.example/armor/kubearmor-init:v0.1.0',
    RELATED_IMAGE_KUBEARMOR_RELAY_SERVER: 'registry.example/armor/kubearmor-relay-server:v0.1.0',
    RELATED_IMAGE_KUBEARMOR_CONTROLLER: 'registry.example/armor/kubearmor-controller:v0.1.0',
    RELATED_IMAGE_KUBEARMOR_SNITCH: 'registry.example/armor/kubearmor-snitch:v5',
  });
  expect(operator.at('image')).toBe('registry.example/armor/kubearmor-operator:v0.1.0');
});

chartTest('another name of the operator changes its Deployment, account and roles together', async () => {
  const values = { kubearmorOperator: { name: 'armor' } };
  expect((await operatorOf(values, 'armor')).at('args')).toContain('--deploymentName=armor');
  const objects = await objectsOf('kubearmor-operator', { values });
  for (const [kind, name] of [
    ['ServiceAccount', 'armor'],
    ['ClusterRole', 'armor-clusterrole'],
    ['Role', 'armor-role'],
    ['PodDisruptionBudget', 'armor'],
    ['NetworkPolicy', 'armor'],
    ['Job', 'armor-uninstall'],
  ] as const)
    find(objects, kind, name);
  expect(find(objects, 'ClusterRoleBinding', 'armor-clusterrole-binding').at('subjects', 0, 'name')).toBe(
    'armor',
  );
});

chartTest(
  'the webhooks of the operator are empty until it fills them in, so no pod waits for nobody',
  async () => {
    const objects = await objectsOf('kubearmor-operator');
    for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
      const [object] = objects.filter((one) => one.kind === kind);
      expect(object?.metadata.name).toMatch(
        /^kubearmor-controller-(mutating|validating)-webhook-configuration$/,
      );
      expect(object).not.toHaveProperty('webhooks');
    }
  },
);

chartTest('helm uninstall lets the operator clean up first, unless that is turned off', async () => {
  const job = find(await objectsOf('kubearmor-operator'), 'Job', 'kubearmor-operator-uninstall');
  expect(job.at('metadata', 'annotations', 'helm.sh/hook')).toBe('pre-delete');
  expect(job.at('spec', 'activeDeadlineSeconds')).toBe(300);
  const without = await objectsOf('kubearmor-operator', { values: { uninstall: { enabled: false } } });
  expect(without.filter(({ kind }) => kind === 'Job')).toEqual([]);
});
