import { components, rulesOf } from './index.ts';
import type { ComponentRights, Right } from './index.ts';

const table: readonly (readonly [string, ComponentRights])[] = Object.entries(components);
const all = (rights: ComponentRights): readonly Right[] => [...rights.cluster, ...rights.namespace];
const every = table.flatMap(([component, rights]) =>
  (['cluster', 'namespace'] as const).flatMap((scope) =>
    rights[scope].map((right) => ({ component, scope, ...right })),
  ),
);
const isRead = (verb: string) => ['get', 'list', 'watch'].includes(verb);
const writes = ({ verbs }: Right) => !verbs.every(isRead);

test('no component can widen its own rights', () => {
  const dangerous = every.filter(
    ({ group, resource, verbs }) =>
      group === 'rbac.authorization.k8s.io' ||
      ['pods/exec', 'pods/attach', 'pods/ephemeralcontainers', 'serviceaccounts/token'].includes(resource) ||
      resource.startsWith('serviceaccounts') ||
      [group, resource, ...verbs].includes('*') ||
      (verbs as readonly string[]).some((verb) => ['bind', 'escalate', 'impersonate'].includes(verb)),
  );
  expect(dangerous).toEqual([]);
});

test('a node that was taken over cannot switch protection off elsewhere', () => {
  expect(all(components.agent).filter(writes)).toEqual([]);
  expect(all(components.snitch).filter(writes)).toEqual([
    expect.objectContaining({ group: '', resource: 'nodes', verbs: ['get', 'patch'] }),
  ]);
});

test('nothing that runs on a node reads a Secret, and nobody reads Secrets that are not named', () => {
  const readers = every.filter(({ resource, verbs }) => resource === 'secrets' && verbs.includes('get'));
  expect(readers.map(({ component }) => component).sort()).toEqual(['certgen', 'operator']);
  for (const { names } of readers) expect(names?.length).toBeGreaterThan(0);
  for (const right of every.filter(({ resource, names }) => resource === 'secrets' && names === undefined))
    expect(right.verbs).toEqual(['create']);
});

test('outside of the own namespace, nobody writes but what this list says', () => {
  const touching = every
    .filter((right) => right.scope === 'cluster' && writes(right))
    .map(({ component, group, resource, verbs }) => {
      const changes = verbs.filter((verb) => !isRead(verb)).join(',');
      return `${component} ${group}/${resource} ${changes}`;
    })
    .sort();
  expect(touching).toEqual([
    'certgen admissionregistration.k8s.io/mutatingwebhookconfigurations patch',
    'certgen admissionregistration.k8s.io/validatingwebhookconfigurations patch',
    'controller /events create,patch',
    'controller security.kubearmor.com/kubearmorclusterpolicies/status patch',
    'controller security.kubearmor.com/kubearmorhostpolicies/status patch',
    'controller security.kubearmor.com/kubearmornetworkpolicies/status patch',
    'controller security.kubearmor.com/kubearmorpolicies/status patch',
    'operator /events create,patch',
    'operator /nodes patch',
    'operator admissionregistration.k8s.io/mutatingwebhookconfigurations patch',
    'operator admissionregistration.k8s.io/validatingwebhookconfigurations patch',
    'operator security.kubearmor.com/kubearmorclusterpolicies create,patch,delete',
    'podRefresher apps/daemonsets patch',
    'podRefresher apps/deployments patch',
    'podRefresher apps/statefulsets patch',
    'snitch /nodes patch',
  ]);
});

test('every right has a reason, and no two rows of a component say the same', () => {
  for (const right of every) expect(right.why.length).toBeGreaterThan(5);
  for (const [, rights] of table)
    for (const scope of [rights.cluster, rights.namespace]) {
      const keys = scope.map(({ group, resource, names }) => `${group}/${resource}/${names?.join() ?? ''}`);
      expect(new Set(keys).size).toBe(keys.length);
    }
});

test('a right becomes the rule that a Role carries', () => {
  expect(rulesOf(components.agent.namespace)).toEqual([
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: ['kubearmor-config'],
      verbs: ['get', 'list', 'watch'],
    },
  ]);
});
