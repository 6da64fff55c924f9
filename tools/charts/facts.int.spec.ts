import { parseConfig } from '@kubearmor-ts/config';
import { agentConfigTable } from '../../apps/agent/src/config.ts';
import { relayConfigTable } from '../../apps/relay/src/config.ts';
import { chartTest, find, objectsOf } from './charts.testing.ts';
import type { Tree } from './charts.testing.ts';
import { stockPlain } from './value-sets.testing.ts';

const container = (workload: Tree): Tree => workload.list('spec', 'template', 'spec', 'containers')[0]!;
const texts = (value: unknown): readonly string[] => value as readonly string[];
const portsOf = (one: Tree): readonly string[] =>
  one.list('ports').map((port) => `${String(port.at('name'))} ${String(port.at('containerPort'))}`);

chartTest('agents are found where the CLI, the relay and dashboards look for them', async () => {
  const agent = find(await objectsOf('kubearmor'), 'DaemonSet', 'kubearmor');
  expect(agent.at('metadata', 'labels', 'kubearmor-app')).toBe('kubearmor');
  expect(agent.at('spec', 'selector', 'matchLabels')).toEqual({ 'kubearmor-app': 'kubearmor' });
  expect(agent.at('spec', 'template', 'metadata', 'labels', 'kubearmor-app')).toBe('kubearmor');
  const pod = agent.at('spec', 'template', 'spec') as Record<string, unknown>;
  expect(pod).toMatchObject({
    serviceAccountName: 'kubearmor',
    hostNetwork: true,
    dnsPolicy: 'ClusterFirstWithHostNet',
    terminationGracePeriodSeconds: 30,
    priorityClassName: 'system-node-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ operator: 'Exists' }],
  });
  expect(container(agent).at('name')).toBe('kubearmor');
  expect(portsOf(container(agent))).toEqual(['grpc 32767', 'grpc-health 32766', 'http-metrics 32765']);
  expect(texts(container(agent).at('args'))).toEqual(
    expect.arrayContaining(['-gRPC=32767', '-procfsMount=/host/procfs', '-tlsEnabled=true']),
  );
  expect(texts(container(agent).at('args')).at(-1)).toBe('-lsm=bpf,apparmor');
});

chartTest('relay, controller and their Services keep names, labels and ports', async () => {
  const objects = await objectsOf('kubearmor');
  const relay = find(objects, 'Deployment', 'kubearmor-relay');
  expect(relay.at('spec', 'selector', 'matchLabels')).toEqual({ 'kubearmor-app': 'kubearmor-relay' });
  expect(relay.at('spec', 'template', 'metadata', 'annotations', 'kubearmor-policy')).toBe('audited');
  expect(container(relay).at('name')).toBe('kubearmor-relay-server');
  expect(portsOf(container(relay))).toContain('grpc 32767');
  expect(
    container(relay)
      .list('env')
      .map((one) => one.at('name')),
  ).toEqual(['ENABLE_STDOUT_LOGS', 'ENABLE_STDOUT_ALERTS', 'ENABLE_STDOUT_MSGS']);
  const service = find(objects, 'Service', 'kubearmor');
  expect(service.at('spec', 'selector')).toEqual({ 'kubearmor-app': 'kubearmor-relay' });
  expect(service.at('spec', 'ports', 0)).toMatchObject({ port: 32767, targetPort: 32767 });

  const controller = find(objects, 'Deployment', 'kubearmor-controller');
  expect(controller.at('spec', 'selector', 'matchLabels')).toEqual({
    'kubearmor-app': 'kubearmor-controller',
  });
  expect(container(controller).at('name')).toBe('manager');
  expect(container(controller).at('command')).toEqual(['/manager']);
  expect(container(controller).at('args')).toEqual([
    '--leader-elect',
    '--health-probe-bind-address=:8081',
    '--annotateExisting=false',
    '-webhook-port=9443',
  ]);
  expect(container(controller).at('livenessProbe', 'httpGet')).toEqual({ path: '/healthz', port: 'health' });
  expect(container(controller).at('volumeMounts', 0, 'mountPath')).toBe(
    '/tmp/k8s-webhook-server/serving-certs',
  );
  const webhookService = find(objects, 'Service', 'kubearmor-controller-webhook-service');
  expect(webhookService.at('spec', 'ports', 0)).toMatchObject({ port: 443, targetPort: 9443 });
});

chartTest('the webhook never blocks pods, never sees edits, kube-system or its own namespace', async () => {
  const objects = await objectsOf('kubearmor', { namespace: 'armor' });
  const name = 'kubearmor-controller-mutating-webhook-configuration';
  const webhooks = find(objects, 'MutatingWebhookConfiguration', name).at('webhooks');
  expect(webhooks).toEqual([
    {
      name: 'annotation.kubearmor.com',
      clientConfig: {
        service: { name: 'kubearmor-controller-webhook-service', namespace: 'armor', path: '/mutate-pods' },
      },
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          resources: ['pods', 'pods/binding'],
          operations: ['CREATE'],
          scope: '*',
        },
      ],
      failurePolicy: 'Ignore',
      sideEffects: 'NoneOnDryRun',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 5,
      reinvocationPolicy: 'IfNeeded',
      objectSelector: { matchExpressions: [{ key: 'kubearmor-app', operator: 'DoesNotExist' }] },
      namespaceSelector: {
        matchExpressions: [
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'armor'] },
        ],
      },
    },
  ]);
});

chartTest('agents get the settings under the keys that users edit, as text', async () => {
  const map = find(await objectsOf('kubearmor'), 'ConfigMap', 'kubearmor-config');
  expect(map.at('metadata', 'labels', 'kubearmor-app')).toBe('kubearmor-configmap');
  expect(map.at('data')).toEqual({
    gRPC: '32767',
    cluster: 'default',
    defaultFilePosture: 'audit',
    defaultCapabilitiesPosture: 'audit',
    defaultNetworkPosture: 'audit',
    visibility: 'process,network',
    alertThrottling: 'true',
    maxAlertPerSec: '10',
    throttleSec: '30',
    matchArgs: 'true',
    dropResourceFromProcessLogs: 'false',
    defaultPostureLogs: 'true',
  });
});

chartTest('agent and relay know every argument that the charts give them', async () => {
  for (const values of [
    {},
    stockPlain,
    { serviceMonitor: { enabled: true }, kubearmorRelay: { config: { a: 1 } } },
  ]) {
    const objects = await objectsOf('kubearmor', { values });
    const argv = (kind: string, name: string) =>
      texts(container(find(objects, kind, name)).at('args')).filter((word) => !word.startsWith('--config='));
    const agent = parseConfig(agentConfigTable, { argv: argv('DaemonSet', 'kubearmor'), env: {} });
    expect(agent).toMatchObject({
      ok: true,
      value: {
        k8s: true,
        grpc: 32767,
        procfs: '/host/procfs',
        policyDir: '/var/lib/kubearmor/state/policies',
      },
    });
    const relay = parseConfig(relayConfigTable, { argv: argv('Deployment', 'kubearmor-relay'), env: {} });
    expect(relay).toMatchObject({
      ok: true,
      value: { agents: ['dns:kubearmor-agents.kubearmor.svc:32767'] },
    });
  }
});

chartTest("a user's argument replaces the chart's of that name", async () => {
  const values = { kubearmor: { args: ['-gRPC=40000', '--lsm=apparmor'] } };
  const args = texts(
    container(find(await objectsOf('kubearmor', { values }), 'DaemonSet', 'kubearmor')).at('args'),
  );
  expect(args.filter((word) => /gRPC=|lsm=/.test(word))).toEqual(['-gRPC=40000', '--lsm=apparmor']);
});

chartTest("the runtime's directory is mounted, and the agent is told the socket in it", async () => {
  const sockets: Record<string, string> = {};
  const names = [
    'generic',
    'GKE',
    'EKS',
    'BottleRocket',
    'k0s',
    'k3s',
    'minikube',
    'microk8s',
    'docker',
    'crio',
    'openshift',
  ];
  for (const name of names) {
    const objects = await objectsOf('kubearmor', { values: { environment: { name } } });
    const agent = find(objects, 'DaemonSet', 'kubearmor');
    const host = agent
      .list('spec', 'template', 'spec', 'volumes')
      .find((one) => one.at('name') === 'runtime');
    const mount = container(agent)
      .list('volumeMounts')
      .find((one) => one.at('name') === 'runtime');
    const told = texts(container(agent).at('args')).find((word) => word.startsWith('-criSocket='));
    expect([name, told]).toEqual([
      name,
      expect.stringContaining(`unix://${String(mount?.at('mountPath'))}/`),
    ]);
    sockets[name] =
      `${String(host?.at('hostPath', 'path'))} ${String(told).slice('-criSocket=unix://'.length)}`;
  }
  expect(sockets).toEqual({
    generic: '/var/run/containerd /var/run/containerd/containerd.sock',
    GKE: '/var/run/containerd /var/run/containerd/containerd.sock',
    EKS: '/var/run/containerd /var/run/containerd/containerd.sock',
    BottleRocket: '/run/containerd /run/containerd/containerd.sock',
    k0s: '/run/k0s /var/run/containerd/containerd.sock',
    k3s: '/run/k3s/containerd /run/k3s/containerd/containerd.sock',
    microk8s: '/var/snap/microk8s/common/run /var/snap/microk8s/common/run/containerd.sock',
    minikube: '/var/run/containerd /var/run/containerd/containerd.sock',
    docker: '/var/run/containerd /var/run/containerd/containerd.sock',
    crio: '/var/run/crio /var/run/crio/crio.sock',
    openshift: '/var/run/crio /var/run/crio/crio.sock',
  });
});

chartTest("volumes of KubeArmor's values are added beside the chart's own, none twice", async () => {
  const values = { ...stockPlain, environment: { name: 'GKE' } };
  const agent = find(await objectsOf('kubearmor', { values }), 'DaemonSet', 'kubearmor');
  const mounts = container(agent)
    .list('volumeMounts')
    .map((one) => one.at('mountPath'));
  expect(mounts).toEqual(
    expect.arrayContaining(['/opt/kubearmor/BPF', '/media/root/usr', '/var/run/containerd']),
  );
  expect(mounts).not.toContain('/usr/src');
});
