import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import type { Crd } from './read-crd.ts';

/** What a value must satisfy only on its way through the API server; types stay, so that reading a value is safe. */
const admissionOnly = new Set(['required', 'enum', 'pattern', 'maxLength', 'maxItems', 'minimum', 'maximum']);
const neverValidated = new Set([
  'description',
  'format',
  'default',
  'x-kubernetes-validations',
  'x-kubernetes-map-type',
  'x-kubernetes-int-or-string',
]);

export function standaloneValidators(crds: readonly Crd[]): (readonly [string, string])[] {
  const names = crds.flatMap(({ kind }) => [`admit${kind}`, `type${kind}`]);
  const shared = new SharedSchemas();
  const roots = crds.flatMap(({ kind, spec }) => [
    { $id: `admit${kind}`, ...shared.share(without(spec, neverValidated)) },
    { $id: `type${kind}`, ...shared.share(without(spec, new Set([...neverValidated, ...admissionOnly]))) },
  ]);
  const ajv = new Ajv({
    schemas: [...roots, ...shared.all()],
    code: { source: true, esm: true, lines: true },
    inlineRefs: false,
    allErrors: true,
    messages: false,
    loopEnum: 4,
  });
  const code = standaloneCode.default(ajv, Object.fromEntries(names.map((name) => [name, name])));
  return [
    ['validators.js', withoutImports(code)],
    [
      'validators.d.ts',
      "import type { SpecValidator } from '../spec-validator.ts';\n" +
        names.map((name) => `export declare const ${name}: SpecValidator;\n`).join(''),
    ],
  ];
}

/** One validator function per distinct object schema; written out at each place they would take ten times the room. */
class SharedSchemas {
  readonly #byText = new Map<string, { readonly $id: string }>();

  share(schema: Record<string, unknown>): Record<string, unknown> {
    const properties = schema['properties'] as Record<string, Record<string, unknown>> | undefined;
    if (properties !== undefined) {
      const parts = Object.entries(properties).map(([name, sub]) => [name, this.#reference(sub)]);
      return { ...schema, properties: Object.fromEntries(parts) };
    }
    const items = schema['items'] as Record<string, unknown> | undefined;
    return items === undefined ? schema : { ...schema, items: this.#reference(items) };
  }

  all(): readonly object[] {
    return [...this.#byText.values()];
  }

  #reference(schema: Record<string, unknown>): Record<string, unknown> {
    const content = this.share(schema);
    const text = JSON.stringify(content);
    const isWorthAFunction = ['properties', 'items', 'enum', 'pattern'].some((keyword) => keyword in content);
    if (!isWorthAFunction) return content;
    const known = this.#byText.get(text) ?? { $id: `shared${this.#byText.size}`, ...content };
    this.#byText.set(text, known);
    return { $ref: known.$id };
  }
}

/** Removes schema keywords, but never a property that happens to have the name of one. */
function without(schema: object, keywords: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !keywords.has(key))
      .map(([key, value]: [string, unknown]) => {
        if (key === 'properties') {
          const properties = Object.entries(value as Record<string, object>);
          return [key, Object.fromEntries(properties.map(([name, sub]) => [name, without(sub, keywords)]))];
        }
        return [
          key,
          key === 'items' || key === 'additionalProperties' ? without(value as object, keywords) : value,
        ];
      }),
  );
}

/**
 * The run-time imports that ajv leaves, in place: `require` does not exist in a module. Lengths count code points, as the
 * API server does; all compared values are strings.
 */
function withoutImports(code: string): string {
  const whole = code
    .replaceAll('require("ajv/dist/runtime/ucs2length").default', '(text) => [...text].length')
    .replaceAll('require("ajv/dist/runtime/equal").default', 'Object.is');
  if (whole.includes('require(')) throw new Error('ajv left a run-time import that has no replacement');
  return whole;
}
