/** The parts of an OpenAPI v3 structural schema that the CRDs use. */
export interface Schema {
  /** Absent with `x-kubernetes-int-or-string` only. */
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
}

export interface Crd {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  /** '' for none. */
  readonly shortName: string;
  readonly namespaced: boolean;
  readonly spec: Schema;
}

interface CrdDocument {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly plural: string;
      readonly shortNames?: readonly string[];
    };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

export function readCrd(fileName: string, document: CrdDocument): Crd {
  const { group, names, scope, versions } = document.spec;
  const spec = versions[0]?.schema.openAPIV3Schema.properties?.['spec'];
  if (spec === undefined || `${names.plural}.yaml` !== fileName)
    throw new Error(`${fileName}: not a CustomResourceDefinition with a spec schema, or misnamed`);
  const shortName = names.shortNames?.[0] ?? '';
  return {
    group,
    kind: names.kind,
    plural: names.plural,
    shortName,
    namespaced: scope === 'Namespaced',
    spec,
  };
}
