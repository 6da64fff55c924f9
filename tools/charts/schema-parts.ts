/** The part of JSON Schema that values need. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
}

/** An object with these keys and no other. */
export const object = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
});

/** Something that Kubernetes itself checks. */
export const anyObject: JsonSchema = { type: 'object' };
export const anyList: JsonSchema = { type: 'array', items: { type: 'object' } };
export const text: JsonSchema = { type: 'string' };
export const bool: JsonSchema = { type: 'boolean' };
export const texts: JsonSchema = { type: 'array', items: text };
export const labels: JsonSchema = { type: 'object', additionalProperties: { type: 'string' } };
export const count = (minimum: number, maximum?: number): JsonSchema => ({
  type: 'integer',
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
});
export const oneOf = (...values: readonly string[]): JsonSchema => ({ type: 'string', enum: values });
export const port = count(1, 65_535);

/** KubeArmor's chart has some booleans as text. */
export const looseBool: JsonSchema = { anyOf: [bool, oneOf('true', 'false')] };

/** KubeArmor's charts have an empty text where nothing is given. */
export const tolerations: JsonSchema = { anyOf: [anyList, { type: 'string', enum: [''] }, { type: 'null' }] };
const secretNames: JsonSchema = {
  type: 'array',
  items: { anyOf: [text, { type: 'object', properties: { name: text }, required: ['name'] }] },
};
export const pullSecrets: JsonSchema = { anyOf: [text, secretNames, { type: 'null' }] };
export const pullPolicy = oneOf('Always', 'IfNotPresent', 'Never');
export const digest: JsonSchema = { type: 'string', pattern: '^(|sha256:[0-9a-f]{64})$' };
export const image = object({ repository: text, tag: text, digest, imagePullSecrets: pullSecrets });
export const posture = oneOf('audit', 'block');
export const visibility: JsonSchema = {
  type: 'string',
  pattern: '^(none|(process|file|network|capabilities)(,(process|file|network|capabilities))*)?$',
};
export const failurePolicy = oneOf('Ignore', 'Fail');

/** Values of what both charts render from charts/shared. */
export const sharedValues: Readonly<Record<string, JsonSchema>> = {
  global: {
    type: 'object',
    description: 'other keys belong to charts around this one',
    properties: { imageRegistry: text, imagePullSecrets: secretNames },
  },
  crds: object({ enabled: bool, keep: bool }),
  rbac: object({ create: bool }),
  networkPolicy: object({ enabled: bool, relayFrom: anyList, metricsFrom: anyList }),
  pdb: object({ enabled: bool }),
  serviceMonitor: object({ enabled: bool, interval: text, labels }),
  prometheusRule: object({ enabled: bool, labels }),
  grafanaDashboard: object({ enabled: bool, labels, annotations: labels }),
  extraObjects: { type: 'array', items: { anyOf: [text, anyObject] } },
};
