import type { Crd, Schema } from './read-crd.ts';

/** TypeScript for every spec: one interface per distinct object schema, shared between the kinds. */
export function crdTypes(crds: readonly Crd[]): string {
  const nameOf = new Map<string, string>();
  const taken = new Set<string>();
  const declarations: string[] = [];

  const typeOf = (schema: Schema, path: readonly string[]): string => {
    if (schema.items !== undefined) return `readonly ${bracketed(typeOf(schema.items, path))}[]`;
    if (schema.additionalProperties !== undefined) return 'Readonly<Record<string, string>>';
    if (schema.properties !== undefined) return interfaceOf(schema, path);
    if (schema.enum !== undefined && schema.enum.length <= 12)
      return schema.enum.map((word) => `'${word}'`).join(' | ');
    if (schema['x-kubernetes-int-or-string'] === true) return 'number | string';
    return schema.type === 'integer' ? 'number' : (schema.type ?? 'unknown');
  };

  const interfaceOf = (schema: Schema, path: readonly string[]): string => {
    const key = JSON.stringify(schema);
    const known = nameOf.get(key);
    if (known !== undefined) return known;
    const name = [1, 2, 3, 4]
      .map((take) => pascal(path.slice(-take)))
      .find((candidate) => !taken.has(candidate));
    if (name === undefined) throw new Error(`no free type name for ${path.join('.')}`);
    nameOf.set(key, name);
    taken.add(name);
    const members = Object.entries(schema.properties ?? {}).map(([property, sub]) => {
      const mark = schema.required?.includes(property) === true ? '' : '?';
      const doc = sub.description === undefined ? '' : `  /** ${sub.description} */\n`;
      return `${doc}  readonly ${property}${mark}: ${typeOf(sub, [...path, property])};\n`;
    });
    declarations.push(`export interface ${name} {\n${members.join('')}}\n`);
    return name;
  };

  for (const { kind, spec } of crds) interfaceOf(spec, [`${kind}Spec`]);
  return declarations.join('\n');
}

const bracketed = (type: string): string => (/[ |]/.test(type) ? `(${type})` : type);

const pascal = (path: readonly string[]): string =>
  path
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .map((part) =>
      part.replace(/ies$/, 'y').replace(/(Path|Pattern|Protocol|Syscall|Expression|Port|Preset)s$/, '$1'),
    )
    .join('');
