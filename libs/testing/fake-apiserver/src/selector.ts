import type { StoredObject } from './object-table.ts';

/** `a=b`, `a!=b`, `a` and `!a`, joined by commas: what our clients ask for. */
export function selectorOf(
  labelSelector: string | undefined,
  fieldSelector: string | undefined,
  namespace: string | undefined,
): (object: StoredObject) => boolean {
  const labels = terms(labelSelector);
  const fields = terms(fieldSelector);
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    labels.every((term) => holds(term, object.metadata.labels?.[term.name])) &&
    fields.every((term) => holds(term, fieldOf(object, term.name)));
}

interface Term {
  readonly name: string;
  readonly op: '=' | '!=' | 'exists' | 'absent';
  readonly value: string;
}

const terms = (text: string | undefined): readonly Term[] =>
  (text ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^([^!=]+)(!=|==?)(.*)$/.exec(part);
      if (match !== null) return { name: match[1]!, op: match[2] === '!=' ? '!=' : '=', value: match[3]! };
      return part.startsWith('!')
        ? { name: part.slice(1), op: 'absent', value: '' }
        : { name: part, op: 'exists', value: '' };
    });

const holds = ({ op, value }: Term, actual: string | undefined): boolean => {
  if (op === 'exists') return actual !== undefined;
  if (op === 'absent') return actual === undefined;
  return (actual === value) === (op === '=');
};

function fieldOf(object: StoredObject, path: string): string {
  let at: unknown = object;
  for (const part of path.split('.'))
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined;
  return at === undefined ? '' : String(at);
}
