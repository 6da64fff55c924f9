import { specShape } from '@kubearmor-ts/crd';
import type { KeyShape, KindName } from '@kubearmor-ts/crd';
import type { Path } from './finding.ts';
import { closestWord } from './suggestion.ts';
import { isRecord, setOwn } from './yaml-value.ts';

/** A key that the schema does not know, with what the user probably meant. */
export interface PrunedKey {
  readonly path: Path;
  readonly message: string;
}

const objectShape: KeyShape = {
  keys: Object.fromEntries(
    ['apiVersion', 'kind', 'metadata', 'spec', 'status'].map((key) => [key, { leaf: 'any' }]),
  ),
};

/** What an API server stores of a spec: without unknown keys and without nulls. */
export function pruneSpec(kind: KindName, spec: unknown, report: (key: PrunedKey) => void): unknown {
  return prune(spec, specShape(kind), ['spec'], { kind, report, reportsLeft: maxReports });
}

export function reportUnknownTopKeys(
  object: Record<string, unknown>,
  kind: KindName,
  report: (key: PrunedKey) => void,
): void {
  prune(object, objectShape, [], { kind, report, reportsLeft: maxReports });
}

/** Finding out what was meant costs more than pruning does. */
const maxReports = 200;

interface Context {
  readonly kind: KindName;
  readonly report: (key: PrunedKey) => void;
  reportsLeft: number;
}

function prune(value: unknown, shape: KeyShape, path: Path, context: Context): unknown {
  if ('items' in shape) {
    return Array.isArray(value)
      ? value.map((item, i) => prune(item, shape.items, [...path, i], context))
      : value;
  }
  if (!isRecord(value)) return value;
  if ('leaf' in shape && shape.leaf !== 'map') return value;
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if ('leaf' in shape || Object.hasOwn(shape.keys, key)) {
      if (inner === null) continue;
      if ('leaf' in shape) setOwn(kept, key, inner);
      else kept[key] = prune(inner, shape.keys[key] as KeyShape, [...path, key], context);
    } else if (context.reportsLeft-- > 0)
      context.report({
        path: [...path, key],
        message: unknownKey(key, inner, value, shape.keys, path, context.kind),
      });
  }
  return kept;
}

function unknownKey(
  key: string,
  value: unknown,
  parent: Record<string, unknown>,
  known: Readonly<Record<string, KeyShape>>,
  path: Path,
  kind: KindName,
): string {
  const owner = path.at(-1);
  const list = typeof owner === 'number' ? path.at(-2) : undefined;
  const hint =
    selectorHint(key, value, parent, owner, kind) ??
    listHint(key, list) ??
    topHint(key, path, kind) ??
    slipHint(key, Object.keys(known)) ??
    `known here: ${Object.keys(known).join(', ')}`;
  return `unknown key ${JSON.stringify(key.slice(0, 80))} is ignored; ${hint}`;
}

function selectorHint(
  key: string,
  value: unknown,
  parent: Record<string, unknown>,
  owner: Path[number] | undefined,
  kind: KindName,
): string | undefined {
  if (owner !== 'selector' && owner !== 'nodeSelector') return undefined;
  if (Object.hasOwn(keysOf(specShape(kind)), key)) return `move it out of ${owner}, to spec.${key}`;
  const slip = closestWord(key, ['matchLabels', 'matchExpressions']);
  if (slip !== undefined) return `did you mean ${slip}?`;
  if (typeof value === 'object') return undefined;
  const label = `labels belong under matchLabels (${owner}.matchLabels.${key})`;
  const isEmpty = parent['matchLabels'] === undefined && parent['matchExpressions'] === undefined;
  if (!isEmpty) return label;
  return owner === 'selector'
    ? `${label}; as it stands the selector is empty and the policy applies to every pod of the namespace`
    : `${label}; as it stands the policy applies to no node`;
}

const keyOfList: Readonly<Record<string, string>> = {
  matchPaths: 'path',
  matchDirectories: 'dir',
  matchPatterns: 'pattern',
  matchProtocols: 'protocol',
  matchDNSQueries: 'domain',
  matchCapabilities: 'capability',
};
const listOfKey = Object.fromEntries(Object.entries(keyOfList).map(([list, key]) => [key, list]));

/** The matcher keys of neighbouring lists are confused most often. */
function listHint(key: string, list: Path[number] | undefined): string | undefined {
  if (list === undefined) return undefined;
  const own = keyOfList[list];
  const right = Object.hasOwn(listOfKey, key) ? listOfKey[key] : undefined;
  if (own !== undefined && right !== undefined)
    return `${list} takes ${own}; entries with ${key} belong under ${right}`;
  if (list === 'fromSource' && key === 'dir') return 'only system call rules know directories as a source';
  return undefined;
}

function topHint(key: string, path: Path, kind: KindName): string | undefined {
  return path.length === 0 && Object.hasOwn(keysOf(specShape(kind)), key)
    ? `it belongs under spec (spec.${key})`
    : undefined;
}

function slipHint(key: string, known: readonly string[]): string | undefined {
  const word = closestWord(key, known);
  return word === undefined ? undefined : `did you mean ${word}?`;
}

const keysOf = (shape: KeyShape): Readonly<Record<string, KeyShape>> => ('keys' in shape ? shape.keys : {});
