import type { Path } from './finding.ts';
import type { LineIndex } from './line-index.ts';
import type { Place } from './rule.ts';

/** Offsets of what a map or list holds; `start` is its own. */
export interface Mark {
  readonly start: number;
  readonly keys: ReadonlyMap<string | number, { readonly key: number; readonly value: number }>;
}

/** Finds the place of a value in the text it was read from. */
export interface Locator {
  /** Place of the value at a path, or of the closest ancestor that stands in the text. */
  valueAt(path: Path): Place | undefined;
  /** Place of the key that names the value. */
  keyAt(path: Path): Place | undefined;
}

/** For objects that come without text, for instance from an API server. */
export const nowhere: Locator = { valueAt: () => undefined, keyAt: () => undefined };

export function createLocator(
  root: unknown,
  start: number,
  marks: { get(container: object): Mark | undefined },
  lines: LineIndex,
): Locator {
  const find = (path: Path): { key: number; value: number } => {
    let found = { key: start, value: start };
    let container: unknown = root;
    for (const part of path) {
      const mark = typeof container === 'object' && container !== null ? marks.get(container) : undefined;
      const next = mark?.keys.get(part);
      if (next === undefined) break;
      found = next;
      container = (container as Record<string | number, unknown>)[part];
    }
    return found;
  };
  return {
    valueAt: (path) => lines.placeAt(find(path).value),
    keyAt: (path) => lines.placeAt(find(path).key),
  };
}
