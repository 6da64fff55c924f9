import type { RoleSettings } from './role-templates.ts';
import { kubearmorSchema } from './schema-kubearmor.ts';
import { operatorSchema } from './schema-operator.ts';
import type { JsonSchema } from './schema-parts.ts';

export interface ChartRecipe {
  readonly name: string;
  readonly crds: readonly string[];
  readonly roles: RoleSettings;
  readonly schema: JsonSchema;
}

const policyCrds = [
  'schemas/kubearmorpolicies.yaml',
  'schemas/kubearmorclusterpolicies.yaml',
  'schemas/kubearmorhostpolicies.yaml',
  'schemas/kubearmornetworkpolicies.yaml',
];

/** A value that the user may change, wherever the table has its default. */
const operatorName = '.Values.kubearmorOperator.name';

export const charts: readonly ChartRecipe[] = [
  {
    name: 'kubearmor-operator',
    crds: [...policyCrds, 'schemas/kubearmorconfigs.yaml'],
    roles: {
      components: {
        operator: '',
        snitch: '',
        agent: '',
        relay: '',
        controller: '',
        podRefresher: '.Values.kubearmorOperator.annotateExisting',
      },
      conditions: {
        annotateExisting: '.Values.kubearmorOperator.annotateExisting',
        certManager: '.Values.certManager.enabled',
      },
      names: { 'kubearmor-operator': operatorName, 'kubearmor-operator-': operatorName },
    },
    schema: operatorSchema,
  },
  {
    name: 'kubearmor',
    crds: policyCrds,
    roles: {
      components: {
        agent: '',
        relay: '.Values.kubearmorRelay.enabled',
        controller: 'ne .Values.environment.name "autopilot"',
        certgen: 'eq .Values.certificates.provider "certgen"',
      },
      conditions: {},
      names: {
        'kubearmor-ca': '.Values.kubearmor.tls.caSecretName',
        'kubearmor-agent-server-certs': '.Values.kubearmor.tls.serverCertSecretName',
        'kubearmor-client-certs': '.Values.kubearmor.tls.clientCertSecretName',
        'kubearmor-relay-server-certs': '.Values.kubearmorRelay.tls.certSecretName',
      },
    },
    schema: kubearmorSchema,
  },
];
