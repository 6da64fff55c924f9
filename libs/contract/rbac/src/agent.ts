import { configMap, policyGroup, policyKinds } from './object-names.ts';
import type { ComponentRights, Verb } from './right.ts';

const read: readonly Verb[] = ['get', 'list', 'watch'];

/** It runs on every node, so whoever takes a node over has these rights: it reads, and writes nothing. */
export const agent: ComponentRights = {
  serviceAccount: 'kubearmor',
  clusterRole: { name: 'kubearmor-clusterrole', binding: 'kubearmor-clusterrolebinding' },
  role: { name: 'kubearmor-role', binding: 'kubearmor-rolebinding' },
  cluster: [
    {
      group: '',
      resource: 'nodes',
      verbs: read,
      why: 'annotations and labels of its own node, watched by name; a role cannot say "its own"',
    },
    {
      group: '',
      resource: 'pods',
      verbs: read,
      why: 'labels and annotations of the pods of its node, watched by spec.nodeName',
    },
    {
      group: '',
      resource: 'namespaces',
      verbs: read,
      why: 'postures, visibility and the labels that cluster policies select by',
    },
    ...['replicasets', 'jobs'].map((resource) => ({
      group: resource === 'jobs' ? 'batch' : 'apps',
      resource,
      verbs: read,
      why: 'the Deployment or CronJob above the direct owner of a pod is named in its alerts',
    })),
    ...policyKinds.map((resource) => ({
      group: policyGroup,
      resource,
      verbs: read,
      why: 'what it enforces',
    })),
  ],
  namespace: [
    {
      group: '',
      resource: 'configmaps',
      verbs: read,
      names: [configMap],
      why: 'settings that change while it runs',
    },
  ],
};
