import { Alert, Log } from '@kubearmor-ts/proto';
import type { SinkRecord } from './sink.ts';

export const redactedText = '[redacted]';

/** Fields that redaction can name: `Source`, `Owner.Name`, `EventData.Lsm`. */
export function isRedactableField(path: string): boolean {
  const [field, inner, ...more] = path.split('.');
  if (field === undefined || more.length > 0) return false;
  const known = [Alert.create(), Log.create()].find((event) => Object.hasOwn(event, field));
  if (known === undefined && !nestedFields.has(field)) return false;
  return inner === undefined || (inner !== '' && nestedFields.has(field));
}

const nestedFields = new Set(['Owner', 'EventData', 'ExecEvent']);

/**
 * Takes fields out of records before a sink sees them: texts become `[redacted]`, numbers 0, lists and maps empty. The
 * given record stays as it is, since other sinks share it.
 */
export function createRedaction(paths: readonly string[]): (record: SinkRecord) => SinkRecord {
  if (paths.length === 0) return (record) => record;
  const split = paths.map((path) => path.split('.'));
  return ({ kind, event }) => {
    const copy: Record<string, unknown> = { ...event };
    for (const [field = '', inner] of split) {
      if (!Object.hasOwn(copy, field)) continue;
      const value = copy[field];
      if (inner === undefined) copy[field] = blankOf(value);
      else if (isObject(value) && Object.hasOwn(value, inner))
        copy[field] = { ...value, [inner]: blankOf(value[inner]) };
    }
    // Only values were replaced, each by one of its own type.
    return { kind, event: copy as unknown as Alert | Log };
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function blankOf(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? '' : redactedText;
  if (typeof value === 'number') return 0;
  if (typeof value === 'boolean') return false;
  if (Array.isArray(value)) return [];
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, blankOf(inner)]));
}
