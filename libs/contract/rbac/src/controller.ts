import { policyGroup, policyKinds } from './object-names.ts';
import type { ComponentRights, Right, Verb } from './right.ts';

const read: readonly Verb[] = ['get', 'list', 'watch'];

/** The webhook answers with patches, so it needs no write to pods. */
export const controller: ComponentRights = {
  serviceAccount: 'kubearmor-controller',
  clusterRole: {
    name: 'kubearmor-controller-clusterrole',
    binding: 'kubearmor-controller-clusterrolebinding',
  },
  role: {
    name: 'kubearmor-controller-leader-election-role',
    binding: 'kubearmor-controller-leader-election-rolebinding',
  },
  cluster: [
    {
      group: '',
      resource: 'nodes',
      verbs: read,
      why: 'which nodes have AppArmor, and which cannot enforce a policy',
    },
    {
      group: '',
      resource: 'pods',
      verbs: read,
      why: 'owner of a pod that is being bound, and how many pods a policy selects; from a cache',
    },
    { group: '', resource: 'namespaces', verbs: read, why: 'labels that cluster policies select by' },
    ...policyKinds.flatMap((resource): Right[] => [
      { group: policyGroup, resource, verbs: read, why: 'validated, and shown where they are applied' },
      {
        group: policyGroup,
        resource: `${resource}/status`,
        verbs: ['patch'],
        why: 'conditions and counters; the spec stays out of its reach',
      },
    ]),
    {
      group: '',
      resource: 'events',
      verbs: ['create', 'patch'],
      why: 'problems of a policy, in the namespace of the policy; repeats are counted in the same Event',
    },
  ],
  namespace: [
    {
      group: 'coordination.k8s.io',
      resource: 'leases',
      verbs: ['get', 'update'],
      names: ['191ee55f.kubearmor.com'],
      why: 'one of its replicas writes status',
    },
    {
      group: 'coordination.k8s.io',
      resource: 'leases',
      verbs: ['create'],
      why: 'the first election; create cannot be limited by name',
    },
  ],
};

/** Restarts workloads, and so has an account that nothing else runs under. */
export const podRefresher: ComponentRights = {
  serviceAccount: 'kubearmor-pod-refresher',
  clusterRole: {
    name: 'kubearmor-pod-refresher-clusterrole',
    binding: 'kubearmor-pod-refresher-clusterrolebinding',
  },
  cluster: [
    {
      group: '',
      resource: 'pods',
      verbs: read,
      when: 'annotateExisting',
      why: 'which pods run without the profile they should have',
    },
    ...['deployments', 'statefulsets', 'daemonsets'].map((resource): Right => ({
      group: 'apps',
      resource,
      verbs: ['get', 'patch'],
      when: 'annotateExisting',
      why: 'an annotation of the template rolls the workload, at the pace of its own strategy',
    })),
    {
      group: 'policy',
      resource: 'poddisruptionbudgets',
      verbs: read,
      when: 'annotateExisting',
      why: 'a workload is not rolled while its budget is used up',
    },
  ],
  namespace: [],
};
