export type JsonValue =
  string | number | boolean | undefined | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A copy without what says nothing: undefined, empty texts, empty lists, objects with nothing in them. */
export function withoutEmpty(value: { readonly [key: string]: JsonValue }): Record<string, JsonValue> {
  const result: Record<string, JsonValue> = {};
  for (const [key, member] of Object.entries(value)) {
    const kept = keep(member);
    if (kept === undefined) continue;
    // A key may come from outside (labels, data): assigned plainly, this one would vanish into the prototype.
    if (key === '__proto__') Object.defineProperty(result, key, { value: kept, enumerable: true });
    else result[key.toWellFormed()] = kept;
  }
  return result;
}

function keep(value: JsonValue): JsonValue {
  if (value === '' || value === undefined) return undefined;
  // JSON would print half a surrogate pair as an escape that strict readers refuse.
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object') return value;
  if (isList(value)) {
    const items = value.map(keep).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  const object = withoutEmpty(value);
  return Object.keys(object).length === 0 ? undefined : object;
}

const isList = (value: object): value is readonly JsonValue[] => Array.isArray(value);

/** 0 stands for unknown in pids and ports. */
export const knownNumber = (value: number): number | undefined => (value === 0 ? undefined : value);
