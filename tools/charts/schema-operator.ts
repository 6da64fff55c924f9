import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import {
  anyList,
  anyObject,
  bool,
  count,
  digest,
  labels,
  object,
  oneOf,
  pullPolicy,
  pullSecrets,
  sharedValues,
  text,
  texts,
} from './schema-parts.ts';
import type { JsonSchema } from './schema-parts.ts';

const image = object({ image: text, tag: text, digest });

/** RBAC names these Secrets, and clients look for them by name. */
const fixed = (name: string): JsonSchema => ({ const: name });

export const operatorSchema: JsonSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Values of the chart kubearmor-operator',
  ...object({
    ...sharedValues,
    autoDeploy: bool,
    imagePinning: bool,
    registry: object({ secretName: text }),
    kubearmor: object({
      repo: text,
      images: object({
        kubearmor: image,
        kubearmorInit: image,
        kubearmorRelay: image,
        kubearmorController: image,
        kubearmorSnitch: image,
        kubearmorOperator: image,
      }),
    }),
    kubearmorOperator: object({
      name: text,
      image: object({ repository: text, tag: text, digest, imagePullSecrets: pullSecrets }),
      imagePullPolicy: pullPolicy,
      replicas: count(1),
      enableOCIHooks: bool,
      annotateResource: bool,
      annotateExisting: bool,
      socketFile: text,
      lsm: text,
      logLevel: oneOf('debug', 'info', 'warn', 'error'),
      clusterName: text,
      args: texts,
      env: anyList,
      tolerations: anyList,
      nodeSelector: labels,
      affinity: anyObject,
      priorityClassName: text,
      resources: anyObject,
      podLabels: labels,
      podAnnotations: labels,
      podSecurityContext: anyObject,
      securityContext: anyObject,
    }),
    kubearmorConfig: closed(configSpec()),
    tlsSecrets: object({
      kubearmorCa: fixed('kubearmor-ca'),
      kubearmorClient: fixed('kubearmor-client-certs'),
      relayServer: fixed('kubearmor-relay-server-certs'),
      controllerWebhook: fixed('kubearmor-controller-webhook-server-cert'),
    }),
    certManager: object({ enabled: bool }),
    startupTaint: object({ enabled: bool, key: text, timeoutSeconds: count(30) }),
    openshift: object({ enabled: bool }),
    uninstall: object({ enabled: bool, timeoutSeconds: count(10) }),
  }),
};

/** The spec of KubeArmorConfig: its definition says what may stand in kubearmorConfig. */
function configSpec(): JsonSchema {
  const file = join(import.meta.dirname, '../../libs/contract/crd/schemas/kubearmorconfigs.yaml');
  return parse(readFileSync(file, 'utf8')).spec.versions[0].schema.openAPIV3Schema.properties.spec;
}

/** The API server drops unknown keys in silence; a values file is told. */
function closed(schema: JsonSchema & { readonly 'x-kubernetes-preserve-unknown-fields'?: true }): JsonSchema {
  const { type, description, properties, items, additionalProperties } = schema;
  return {
    type,
    ...(description === undefined ? {} : { description }),
    ...('enum' in schema ? { enum: schema.enum } : {}),
    ...('minimum' in schema ? { minimum: schema.minimum } : {}),
    ...('maximum' in schema ? { maximum: schema.maximum } : {}),
    ...('required' in schema ? { required: schema.required } : {}),
    ...(items === undefined ? {} : { items: closed(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: closed(additionalProperties) }
      : {}),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, value]) => [key, closed(value)]),
          ),
          additionalProperties: false,
        }),
  } as JsonSchema;
}
