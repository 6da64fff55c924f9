import type { Schema } from './read-crd.ts';

/** The keys a schema knows and nothing else: enough to tell what an API server would prune. */
export type KeyShape =
  | { readonly keys: Readonly<Record<string, KeyShape>> }
  | { readonly items: KeyShape }
  | { readonly leaf: string };

export function keyShape(schema: Schema): KeyShape {
  if (schema.properties !== undefined) {
    return {
      keys: Object.fromEntries(Object.entries(schema.properties).map(([key, sub]) => [key, keyShape(sub)])),
    };
  }
  if (schema.items !== undefined) return { items: keyShape(schema.items) };
  return { leaf: schema.additionalProperties === undefined ? (schema.type ?? 'any') : 'map' };
}
