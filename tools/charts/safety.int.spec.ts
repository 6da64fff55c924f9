import { chartTest, find, objectsOf } from './charts.testing.ts';
import type { Tree } from './charts.testing.ts';
import { stockPlain } from './value-sets.testing.ts';

const container = (workload: Tree): Tree => workload.list('spec', 'template', 'spec', 'containers')[0]!;
const texts = (value: unknown): readonly string[] => value as readonly string[];

chartTest('no node ever holds the key of the authority, and no template makes a key', async () => {
  const objects = await objectsOf('kubearmor', { values: { ...stockPlain, tls: { enabled: true } } });
  expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  const workloads = objects.filter(({ kind }) =>
    ['DaemonSet', 'Deployment', 'Job', 'CronJob'].includes(kind),
  );
  const mounted = workloads.flatMap((object) =>
    [...JSON.stringify(object).matchAll(/"(?:secretName|secret":\{[^}]*"name)":"([^"]+)"/g)].map(
      (match) => match[1],
    ),
  );
  expect(mounted.length).toBeGreaterThan(2);
  expect(mounted).not.toContain('kubearmor-ca');
});

chartTest('everything but the agent runs without root, without writes and without capabilities', async () => {
  const all = [
    ...(await objectsOf('kubearmor')),
    ...(await objectsOf('kubearmor-operator', { values: { autoDeploy: true } })),
  ];
  const names: string[] = [];
  for (const object of all.filter(({ kind }) => ['Deployment', 'Job'].includes(kind))) {
    const workload = find([object], object.kind, object.metadata.name);
    names.push(object.metadata.name.replace(/-[0-9a-f]{8}$/, ''));
    expect(workload.at('spec', 'template', 'spec', 'securityContext')).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container(workload).at('securityContext')).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container(workload).at('resources', 'requests')).toMatchObject({ cpu: expect.anything() });
  }
  expect(names.sort()).toEqual([
    'kubearmor-certgen',
    'kubearmor-controller',
    'kubearmor-operator',
    'kubearmor-operator-uninstall',
    'kubearmor-relay',
  ]);
  const agent = container(find(all, 'DaemonSet', 'kubearmor'));
  expect(agent.at('securityContext')).toMatchObject({ privileged: false, readOnlyRootFilesystem: true });
});

chartTest('AppArmor does not confine the agent, said in the way the API server understands', async () => {
  const said = async (kubeVersion: string) => {
    const agent = find(await objectsOf('kubearmor', { kubeVersion }), 'DaemonSet', 'kubearmor');
    return [
      agent.at('spec', 'template', 'spec', 'securityContext', 'appArmorProfile', 'type'),
      agent.at(
        'spec',
        'template',
        'metadata',
        'annotations',
        'container.apparmor.security.beta.kubernetes.io/kubearmor',
      ),
    ];
  };
  expect(await said('1.29.3')).toEqual([undefined, 'unconfined']);
  expect(await said('1.30.0')).toEqual(['Unconfined', undefined]);
  expect(await said('1.36.0-gke.100')).toEqual(['Unconfined', undefined]);
});

chartTest('what is scraped carries the job by which the alert for a silent agent asks', async () => {
  const values = { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } };
  for (const chart of ['kubearmor', 'kubearmor-operator'] as const) {
    const objects = await objectsOf(chart, { values });
    const monitor = find(objects, 'ServiceMonitor', 'kubearmor-agent');
    const label = String(monitor.at('spec', 'jobLabel'));
    const service = find(objects, 'Service', 'kubearmor-agents');
    expect(monitor.at('spec', 'selector', 'matchLabels')).toEqual({ [label]: 'kubearmor-agent' });
    expect(service.at('metadata', 'labels', label)).toBe('kubearmor-agent');
    expect(service.list('spec', 'ports').map((port) => port.at('name'))).toContain(
      monitor.at('spec', 'endpoints', 0, 'port'),
    );
    const rules = JSON.stringify(find(objects, 'PrometheusRule', 'kubearmor').at('spec'));
    expect(rules).toContain(String.raw`up{job=\"kubearmor-agent\"} == 0`);
  }
});

chartTest('metrics leave the node only when somebody is to read them', async () => {
  const told = async (values: Readonly<Record<string, unknown>>) => {
    const agent = container(find(await objectsOf('kubearmor', { values }), 'DaemonSet', 'kubearmor'));
    const argument = texts(agent.at('args')).find((word) => word.startsWith('-metricsHost='));
    return [argument, agent.at('readinessProbe', 'httpGet', 'host')];
  };
  expect(await told({})).toEqual(['-metricsHost=127.0.0.1', '127.0.0.1']);
  expect(await told({ serviceMonitor: { enabled: true } })).toEqual([
    '-metricsHost=$(KUBEARMOR_NODE_ADDRESS)',
    undefined,
  ]);
});

chartTest('OpenShift may choose the users of pods, and lets the agent do what it must', async () => {
  const objects = await objectsOf('kubearmor', { values: { environment: { name: 'openshift' } } });
  for (const name of ['kubearmor-relay', 'kubearmor-controller'])
    expect(find(objects, 'Deployment', name).at('spec', 'template', 'spec', 'securityContext')).toEqual({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  expect(find(objects, 'SecurityContextConstraints', 'kubearmor-scc').at('users')).toEqual([
    'system:serviceaccount:kubearmor:kubearmor',
  ]);
});
