import { authoritySecret, leafSecrets, mutatingWebhook, validatingWebhook } from './object-names.ts';
import type { ComponentRights } from './right.ts';

/** The Job that makes and renews certificates where there is no operator. */
export const certgen: ComponentRights = {
  serviceAccount: 'kubearmor-certgen',
  clusterRole: { name: 'kubearmor-certgen-clusterrole', binding: 'kubearmor-certgen-clusterrolebinding' },
  role: { name: 'kubearmor-certgen-role', binding: 'kubearmor-certgen-rolebinding' },
  cluster: [mutatingWebhook, validatingWebhook].map((name) => ({
    group: 'admissionregistration.k8s.io',
    resource: name === mutatingWebhook ? 'mutatingwebhookconfigurations' : 'validatingwebhookconfigurations',
    verbs: ['get', 'patch'],
    names: [name],
    why: 'the API server must trust the authority of the certificate it made',
  })),
  namespace: [
    {
      group: '',
      resource: 'secrets',
      verbs: ['get', 'patch'],
      names: [authoritySecret, ...leafSecrets],
      why: 'reads what is there and renews it',
    },
    {
      group: '',
      resource: 'secrets',
      verbs: ['create'],
      why: 'the first issue; create cannot be limited by name, and gives no sight of other Secrets',
    },
  ],
};
