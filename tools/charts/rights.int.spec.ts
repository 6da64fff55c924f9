import { components, rulesOf } from '@kubearmor-ts/rbac';
import type { ComponentName, ComponentRights, Right } from '@kubearmor-ts/rbac';
import { chartTest, objectsOf } from './charts.testing.ts';
import type { ChartName, KubeObject } from './render-chart.ts';

const inChart: Readonly<Record<ChartName, readonly ComponentName[]>> = {
  kubearmor: ['agent', 'certgen', 'controller', 'relay'],
  'kubearmor-operator': ['agent', 'controller', 'operator', 'relay', 'snitch'],
};

const ofKind = (objects: readonly KubeObject[], kind: string) => objects.filter((one) => one.kind === kind);
const byName = (objects: readonly KubeObject[]) =>
  Object.fromEntries(objects.map((one) => [one.metadata.name, one['rules']]));
const always = (rights: readonly Right[]) => rights.filter(({ when }) => when === undefined);

/** Kind and name of a role to its rules, for all these components. */
const wantedRoles = (
  rights: readonly ComponentRights[],
  place: 'clusterRole' | 'role',
  scope: 'cluster' | 'namespace',
) =>
  Object.fromEntries(
    rights.flatMap((one) => {
      const role = one[place];
      return role === undefined ? [] : [[role.name, rulesOf(always(one[scope]))]];
    }),
  );

for (const [chart, names] of Object.entries(inChart) as [ChartName, readonly ComponentName[]][])
  chartTest(`${chart} gives every component exactly the rights of the table`, async () => {
    const objects = await objectsOf(chart);
    const rights = names.map((name) => components[name]);
    expect(byName(ofKind(objects, 'ClusterRole'))).toEqual(wantedRoles(rights, 'clusterRole', 'cluster'));
    expect(byName(ofKind(objects, 'Role'))).toEqual(wantedRoles(rights, 'role', 'namespace'));
    expect(
      ofKind(objects, 'ServiceAccount')
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(rights.map(({ serviceAccount }) => serviceAccount).sort());
    const bindings = [...ofKind(objects, 'ClusterRoleBinding'), ...ofKind(objects, 'RoleBinding')];
    expect(bindings.map((one) => [one.metadata.name, one['roleRef'], one['subjects']]).sort()).toEqual(
      rights
        .flatMap(({ serviceAccount, clusterRole, role }) =>
          (['ClusterRole', 'Role'] as const).flatMap((kind) => {
            const place = kind === 'Role' ? role : clusterRole;
            if (place === undefined) return [];
            return [
              [
                place.binding,
                { apiGroup: 'rbac.authorization.k8s.io', kind, name: place.name },
                [{ kind: 'ServiceAccount', name: serviceAccount, namespace: 'kubearmor' }],
              ],
            ];
          }),
        )
        .sort(),
    );
  });

chartTest('names that KubeArmor has keep them, for uninstall scripts and aggregations', async () => {
  const names = async (chart: ChartName) =>
    (await objectsOf(chart))
      .filter(({ kind }) => /Role|ServiceAccount/.test(kind))
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  for (const chart of ['kubearmor', 'kubearmor-operator'] as const)
    expect(await names(chart)).toEqual(
      expect.arrayContaining([
        'ServiceAccount kubearmor',
        'ServiceAccount kubearmor-relay',
        'ServiceAccount kubearmor-controller',
        'ClusterRole kubearmor-clusterrole',
        'ClusterRoleBinding kubearmor-clusterrolebinding',
        'ClusterRole kubearmor-controller-clusterrole',
        'ClusterRoleBinding kubearmor-controller-clusterrolebinding',
        'Role kubearmor-controller-leader-election-role',
        'RoleBinding kubearmor-controller-leader-election-rolebinding',
      ]),
    );
  expect(await names('kubearmor-operator')).toEqual(
    expect.arrayContaining([
      'ServiceAccount kubearmor-snitch',
      'ClusterRole kubearmor-snitch',
      'ClusterRoleBinding kubearmor-snitch-binding',
    ]),
  );
});

chartTest(
  'rights to restart workloads exist only where restarts are asked for, under their own account',
  async () => {
    const values = { kubearmorOperator: { annotateExisting: true } };
    const roles = byName(ofKind(await objectsOf('kubearmor-operator', { values }), 'ClusterRole'));
    const { clusterRole, cluster } = components.podRefresher;
    expect(roles[clusterRole?.name ?? '']).toEqual(rulesOf(cluster));
    expect(byName(ofKind(await objectsOf('kubearmor-operator'), 'ClusterRole'))).not.toHaveProperty([
      clusterRole?.name ?? '',
    ]);
  },
);

chartTest('Secrets of other names move the rights to them with the values', async () => {
  const values = { kubearmor: { tls: { caSecretName: 'my-ca', clientCertSecretName: 'my-client' } } };
  const rules = byName(ofKind(await objectsOf('kubearmor', { values }), 'Role'))['kubearmor-certgen-role'];
  expect(JSON.stringify(rules)).toContain('"my-ca"');
  expect(JSON.stringify(rules)).toContain('"my-client"');
  expect(JSON.stringify(rules)).not.toContain('"kubearmor-ca"');
});
