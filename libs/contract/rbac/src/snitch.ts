import type { ComponentRights } from './right.ts';

export const snitch: ComponentRights = {
  serviceAccount: 'kubearmor-snitch',
  clusterRole: { name: 'kubearmor-snitch', binding: 'kubearmor-snitch-binding' },
  role: { name: 'kubearmor-snitch-role', binding: 'kubearmor-snitch-rolebinding' },
  cluster: [
    {
      group: '',
      resource: 'nodes',
      verbs: ['get', 'patch'],
      why: 'writes what its node can do as labels; a role cannot say "its own", and its pod lives for seconds',
    },
  ],
  namespace: [
    {
      group: '',
      resource: 'pods',
      verbs: ['get'],
      why: 'the id of its own container tells which runtime socket is the right one',
    },
  ],
};
