import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import type { KubeObject } from './render-chart.ts';

interface OpenApi {
  readonly components: {
    readonly schemas: Readonly<
      Record<string, { readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[] }>
    >;
  };
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

type Verdict = readonly string[] | 'unknown kind';

/** What is wrong with an object. Schemas answer here; a dry run at a real API server can answer in their place. */
export type ObjectChecker = (object: KubeObject) => Verdict | Promise<Verdict>;

/**
 * What Kubernetes' own schemas hold against an object; unknown keys count, as with kubectl's strict validation. What
 * needs more than a schema (a selector that matches its template, CEL) is the API server's to say.
 */
export function createObjectChecker(schemaDir: string): ObjectChecker {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const documents = new Map<string, OpenApi | undefined>();
  const validators = new Map<string, ValidateFunction | undefined>();

  const documentOf = (group: string, version: string): OpenApi | undefined => {
    const name = group === '' ? `api__${version}_openapi.json` : `apis__${group}__${version}_openapi.json`;
    if (documents.has(name)) return documents.get(name);
    const path = join(schemaDir, name);
    const document = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as OpenApi) : undefined;
    if (document !== undefined) {
      refuseUnknownKeys(document);
      ajv.addSchema(document, name);
    }
    documents.set(name, document);
    return document;
  };

  const validatorOf = ({ group, version, kind }: GroupVersionKind): ValidateFunction | undefined => {
    const key = `${group}/${version}/${kind}`;
    if (validators.has(key)) return validators.get(key);
    const found = Object.entries(documentOf(group, version)?.components.schemas ?? {}).find(([, schema]) =>
      schema['x-kubernetes-group-version-kind']?.some(
        (one) => one.group === group && one.version === version && one.kind === kind,
      ),
    );
    const file = group === '' ? `api__${version}_openapi.json` : `apis__${group}__${version}_openapi.json`;
    const validator =
      found === undefined ? undefined : ajv.compile({ $ref: `${file}#/components/schemas/${found[0]}` });
    validators.set(key, validator);
    return validator;
  };

  return (object) => {
    const [version = '', group = ''] = object.apiVersion.split('/').reverse();
    const validator = validatorOf({ group, version, kind: object.kind });
    if (validator === undefined) return 'unknown kind';
    const isValid: boolean = validator(object);
    if (isValid) return [];
    return (validator.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${object.kind} ${object.metadata.name}${instancePath}: ${message ?? ''} ${JSON.stringify(params)}`,
    );
  };
}

/** Kubernetes drops what a schema does not name, or refuses it when asked to be strict. */
function refuseUnknownKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const part of Object.values(value)) refuseUnknownKeys(part);
  const schema = value as { type?: unknown; properties?: unknown; additionalProperties?: unknown };
  if (
    schema.type === 'object' &&
    typeof schema.properties === 'object' &&
    !('additionalProperties' in schema)
  )
    schema.additionalProperties = false;
}
