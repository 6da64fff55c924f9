/** Objects that several rows name. Those that KubeArmor has too keep its names. */
export const mutatingWebhook = 'kubearmor-controller-mutating-webhook-configuration';
export const validatingWebhook = 'kubearmor-controller-validating-webhook-configuration';
export const configMap = 'kubearmor-config';

export const authoritySecret = 'kubearmor-ca';

/** Leaf certificates; each Secret has tls.crt, tls.key and ca.crt. */
export const leafSecrets = [
  'kubearmor-agent-server-certs',
  'kubearmor-client-certs',
  'kubearmor-relay-server-certs',
  'kubearmor-controller-webhook-server-cert',
] as const;

export const policyKinds = [
  'kubearmorpolicies',
  'kubearmorclusterpolicies',
  'kubearmorhostpolicies',
  'kubearmornetworkpolicies',
] as const;

export const policyGroup = 'security.kubearmor.com';
export const operatorGroup = 'operator.kubearmor.com';

export const crdNames = [
  ...policyKinds.map((plural) => `${plural}.${policyGroup}`),
  `kubearmorconfigs.${operatorGroup}`,
] as const;
