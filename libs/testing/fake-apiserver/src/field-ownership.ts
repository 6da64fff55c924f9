import { isDeepStrictEqual } from 'node:util';

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const separator = '\u0000';
/** Not fields that anybody owns. */
const unowned = new Set(
  [
    'apiVersion',
    'kind',
    'metadata name',
    'metadata namespace',
    'metadata uid',
    'metadata resourceVersion',
    'metadata generation',
    'metadata creationTimestamp',
    'metadata managedFields',
  ].map((path) => path.replace(' ', separator)),
);

export interface OwnershipConflict {
  readonly manager: string;
  readonly field: string;
}

/** Which manager set which field; lists and scalars are owned as a whole. */
export class FieldOwnership {
  private readonly byObject = new Map<string, Map<string, Set<string>>>();

  forget(object: string): void {
    this.byObject.delete(object);
  }

  /** A write that is no apply takes over what it changed. */
  written(object: string, manager: string, before: Fields | undefined, after: Fields): void {
    const old = leaves(before ?? {});
    const changed = [...leaves(after)].filter(([path, value]) => !isDeepStrictEqual(old.get(path), value));
    const owners = this.owners(object);
    for (const [path] of changed) {
      for (const paths of owners.values()) paths.delete(path);
      this.pathsOf(owners, manager).add(path);
    }
  }

  conflicts(object: string, manager: string, current: Fields, intent: Fields): OwnershipConflict[] {
    const now = leaves(current);
    return [...leaves(intent)].flatMap(([path, value]) =>
      isDeepStrictEqual(now.get(path), value)
        ? []
        : [...this.owners(object)].flatMap(([other, paths]) =>
            other !== manager && paths.has(path)
              ? [{ manager: other, field: `.${path.replaceAll(separator, '.')}` }]
              : [],
          ),
    );
  }

  /** `current` with the intent in place and without what the manager gave up. */
  merged(object: string, manager: string, current: Fields, intent: Fields): Fields {
    const wanted = leaves(intent);
    const result = structuredClone(current) as Record<string, unknown>;
    const owners = this.owners(object);
    for (const path of owners.get(manager) ?? []) {
      const isShared = [...owners].some(([other, paths]) => other !== manager && paths.has(path));
      if (!wanted.has(path) && !isShared) unset(result, path.split(separator));
    }
    for (const [path, value] of wanted) set(result, path.split(separator), value);
    return result;
  }

  applied(object: string, manager: string, before: Fields, intent: Fields): void {
    const owners = this.owners(object);
    const old = leaves(before);
    const wanted = leaves(intent);
    for (const [path, value] of wanted)
      if (!isDeepStrictEqual(old.get(path), value)) for (const paths of owners.values()) paths.delete(path);
    owners.set(manager, new Set(wanted.keys()));
  }

  private owners(object: string): Map<string, Set<string>> {
    const known = this.byObject.get(object) ?? new Map<string, Set<string>>();
    this.byObject.set(object, known);
    return known;
  }

  private pathsOf(owners: Map<string, Set<string>>, manager: string): Set<string> {
    const known = owners.get(manager) ?? new Set<string>();
    owners.set(manager, known);
    return known;
  }
}

function leaves(fields: Fields, prefix = '', into = new Map<string, unknown>()): Map<string, unknown> {
  for (const [name, value] of Object.entries(fields)) {
    const path = prefix === '' ? name : `${prefix}${separator}${name}`;
    if (unowned.has(path)) continue;
    if (isFields(value) && Object.keys(value).length > 0) leaves(value, path, into);
    else into.set(path, value);
  }
  return into;
}

function set(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const next: Record<string, unknown> = isFields(target[name]) ? { ...target[name] } : {};
  target[name] = next;
  set(next, rest, value);
}

function unset(target: Record<string, unknown>, path: readonly string[]): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  if (rest.length === 0) {
    Reflect.deleteProperty(target, name);
    return;
  }
  const next = target[name];
  if (!isFields(next)) return;
  const copy = { ...next };
  unset(copy, rest);
  if (Object.keys(copy).length === 0) Reflect.deleteProperty(target, name);
  else target[name] = copy;
}
