import {
  authoritySecret,
  configMap,
  crdNames,
  leafSecrets,
  mutatingWebhook,
  operatorGroup,
  policyGroup,
  validatingWebhook,
} from './object-names.ts';
import type { ComponentRights, Right, Verb } from './right.ts';

const read: readonly Verb[] = ['get', 'list', 'watch'];
const keep: readonly Verb[] = [...read, 'create', 'patch', 'delete'];

const cluster: readonly Right[] = [
  {
    group: '',
    resource: 'nodes',
    verbs: [...read, 'patch'],
    why: 'classes of nodes; labels are written when a probe is read and removed at uninstall',
  },
  {
    group: '',
    resource: 'events',
    verbs: ['create', 'patch'],
    why: 'what happens to an installation; Events about nodes live in the namespace default',
  },
  {
    group: 'apiextensions.k8s.io',
    resource: 'customresourcedefinitions',
    verbs: ['get'],
    names: crdNames,
    why: 'says which definition is older than it needs; the chart upgrades them',
  },
  {
    group: policyGroup,
    resource: 'kubearmorclusterpolicies',
    verbs: keep,
    why: 'recommended policies, whose names change with releases; it touches those that carry its label',
  },
  {
    group: 'admissionregistration.k8s.io',
    resource: 'mutatingwebhookconfigurations',
    verbs: [...read, 'patch'],
    names: [mutatingWebhook],
    why: 'fills in and empties the object that the chart made; it cannot make another',
  },
  {
    group: 'admissionregistration.k8s.io',
    resource: 'validatingwebhookconfigurations',
    verbs: [...read, 'patch'],
    names: [validatingWebhook],
    why: 'the same',
  },
];

const owned = (group: string, resource: string, why: string): Right => ({
  group,
  resource,
  verbs: keep,
  why,
});

const namespace: readonly Right[] = [
  {
    group: operatorGroup,
    resource: 'kubearmorconfigs',
    verbs: [...read, 'create', 'patch', 'delete'],
    why: 'what it is told; creates the one of autoDeploy, sets finalizers, and deletes at helm uninstall',
  },
  {
    group: operatorGroup,
    resource: 'kubearmorconfigs/status',
    verbs: ['patch'],
    why: 'phase, conditions, counters',
  },
  owned('apps', 'daemonsets', 'one for each class of nodes'),
  owned('apps', 'deployments', 'relay and controller'),
  owned('batch', 'jobs', 'node probes'),
  owned('', 'services', 'relay and webhook'),
  owned('policy', 'poddisruptionbudgets', 'of relay and controller'),
  {
    group: '',
    resource: 'pods',
    verbs: [...read, 'delete'],
    why: 'readiness of agents; waves of an upgrade replace agents one by one',
  },
  {
    group: '',
    resource: 'configmaps',
    verbs: [...read, 'patch'],
    names: [configMap],
    why: 'settings of the agents; keys that users add stay theirs',
  },
  {
    group: '',
    resource: 'configmaps',
    verbs: ['create'],
    why: 'the first one; create cannot be limited by name',
  },
  {
    group: '',
    resource: 'secrets',
    verbs: [...read, 'patch', 'delete'],
    names: [authoritySecret, ...leafSecrets],
    why: 'certificates; other Secrets of the namespace stay out of its sight',
  },
  {
    group: '',
    resource: 'secrets',
    verbs: ['create'],
    why: 'the first issue; create cannot be limited by name, and gives no sight of other Secrets',
  },
  {
    group: 'coordination.k8s.io',
    resource: 'leases',
    verbs: ['get', 'update'],
    names: ['kubearmor-operator'],
    why: 'one of its replicas leads',
  },
  {
    group: 'coordination.k8s.io',
    resource: 'leases',
    verbs: ['create'],
    why: 'the first election; create cannot be limited by name',
  },
  {
    group: 'cert-manager.io',
    resource: 'certificates',
    verbs: keep,
    when: 'certManager',
    why: 'asks cert-manager for the certificates instead of making them',
  },
];

/** Accounts and roles of every component come from the chart, so it writes none and can hand out no right. */
export const operator: ComponentRights = {
  serviceAccount: 'kubearmor-operator',
  clusterRole: { name: 'kubearmor-operator-clusterrole', binding: 'kubearmor-operator-clusterrole-binding' },
  role: { name: 'kubearmor-operator-role', binding: 'kubearmor-operator-role-binding' },
  cluster,
  namespace,
};
