/** The parts of an OpenAPI v3 structural schema that the policy CRDs use. */
export interface Schema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
}

export interface Crd {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly namespaced: boolean;
  readonly spec: Schema;
}

interface CrdDocument {
  readonly spec: {
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly shortNames: readonly string[];
    };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

export function readCrd(fileName: string, document: CrdDocument): Crd {
  const { names, scope, versions } = document.spec;
  const spec = versions[0]?.schema.openAPIV3Schema.properties?.['spec'];
  const shortName = names.shortNames[0];
  if (spec === undefined || shortName === undefined || `${names.plural}.yaml` !== fileName) {
    throw new Error(
      `${fileName}: not a CustomResourceDefinition with a spec schema and a short name, or misnamed`,
    );
  }
  return { kind: names.kind, plural: names.plural, shortName, namespaced: scope === 'Namespaced', spec };
}
