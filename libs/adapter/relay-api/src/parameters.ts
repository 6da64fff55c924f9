import { behaviourClasses, outcomes } from '@kubearmor-ts/behaviour';
import { ApiError } from './errors.ts';

/** One query parameter: what it may be and what it means. */
export type Parameter = {
  readonly name: string;
  readonly help: string;
} & (
  | { readonly type: 'text'; readonly maxLength: number; readonly oneOf?: readonly string[] }
  | { readonly type: 'number'; readonly min: number; readonly max: number }
  | { readonly type: 'time' }
);

const text = (name: string, help: string) => ({ name, help, type: 'text', maxLength: 1024 }) as const;

/** Which events: for questions and for streams. */
export const filterParameters: readonly Parameter[] = [
  {
    name: 'kind',
    help: 'alerts or logs; both when absent',
    type: 'text',
    maxLength: 16,
    oneOf: ['alerts', 'logs'],
  },
  text('namespace', 'namespace of the pod, whole'),
  text('pod', 'name of the pod, whole'),
  text('container', 'name of the container, whole'),
  text('policy', 'name of the policy, whole'),
  text('operation', 'Process, File, Network …'),
  text('action', 'Block, Audit …'),
  text('type', 'MatchedPolicy, ContainerLog …'),
  text('host', 'name of the node, whole'),
  { name: 'minSeverity', help: 'alerts of this severity and above', type: 'number', min: 0, max: 10 },
  text('text', 'anywhere in any text of the event'),
];

const limit = {
  name: 'limit',
  help: 'rows of a page; 100 when absent',
  type: 'number',
  min: 1,
  max: 1000,
} as const;
const cursor = { name: 'cursor', help: '`next` of the page before', type: 'text', maxLength: 64 } as const;

export const eventParameters: readonly Parameter[] = [
  ...filterParameters,
  { name: 'since', help: 'events at or after this time, RFC 3339 or Unix seconds', type: 'time' },
  { name: 'until', help: 'events before this time', type: 'time' },
  limit,
  cursor,
];

export const streamParameters: readonly Parameter[] = [
  ...filterParameters,
  {
    name: 'after',
    help: 'take up after the event of this id, as the header Last-Event-ID does',
    type: 'number',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  },
];

export const summaryParameters: readonly Parameter[] = [
  text('namespace', 'namespace of the workload, whole'),
  text('ownerKind', 'Deployment, StatefulSet …'),
  text('ownerName', 'name of the owner, whole'),
  text('container', 'name of the container, whole'),
  text('host', 'name of the node, for what runs outside containers'),
  { name: 'class', help: 'kind of behaviour', type: 'text', maxLength: 16, oneOf: behaviourClasses },
  { name: 'outcome', help: 'what became of it', type: 'text', maxLength: 16, oneOf: outcomes },
  limit,
  cursor,
];

export type ParameterValues = Readonly<Record<string, string | number>>;

/** The values by name; throws an ApiError that names the parameter. Times become Unix milliseconds. */
export function readParameters(table: readonly Parameter[], query: unknown): ParameterValues {
  const values: Record<string, string | number> = {};
  for (const [name, given] of Object.entries(query as Record<string, unknown>)) {
    const parameter = table.find((row) => row.name === name);
    if (parameter === undefined) {
      const known = table.map((row) => row.name).join(', ');
      throw bad(name.slice(0, 64), `is not a parameter here; there are ${known}`);
    }
    if (typeof given !== 'string') throw bad(name, 'is given more than once');
    values[name] = readValue(parameter, given);
  }
  return values;
}

function readValue(parameter: Parameter, given: string): string | number {
  const { name } = parameter;
  if (given === '') throw bad(name, 'is empty; leave it out instead');
  switch (parameter.type) {
    case 'text': {
      if (given.length > parameter.maxLength)
        throw bad(name, `is longer than ${String(parameter.maxLength)} characters`);
      if (parameter.oneOf !== undefined && !parameter.oneOf.includes(given))
        throw bad(name, `must be one of ${parameter.oneOf.join(', ')}`);
      return given;
    }
    case 'number': {
      const number = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
      if (!(number >= parameter.min && number <= parameter.max))
        throw bad(name, `must be a whole number from ${String(parameter.min)} to ${String(parameter.max)}`);
      return number;
    }
    case 'time': {
      const ms = /^\d{1,11}(\.\d{1,9})?$/.test(given)
        ? Math.trunc(Number(given) * 1000)
        : /^\d{4}-\d\d-\d\dT/.test(given)
          ? Date.parse(given)
          : Number.NaN;
      if (Number.isNaN(ms)) throw bad(name, 'must be a time such as 2026-07-30T08:26:40Z, or Unix seconds');
      return ms;
    }
  }
}

/** Opaque to users, so that what is behind it may change. */
export const writeCursor = (kind: 'e' | 's', numbers: readonly number[]): string =>
  Buffer.from(`${kind}${numbers.join('.')}`).toString('base64url');

export function readCursor(kind: 'e' | 's', count: number, given: string): readonly number[] {
  const plain = Buffer.from(given, 'base64url').toString('latin1');
  const numbers = plain.slice(1).split('.').map(Number);
  const isOurs =
    /^[es]\d{1,16}(\.\d{1,16})?$/.test(plain) &&
    plain[0] === kind &&
    numbers.length === count &&
    numbers.every((number) => Number.isSafeInteger(number));
  if (!isOurs) throw bad('cursor', 'is not the `next` of a page of this path');
  return numbers;
}

const bad = (parameter: string, what: string): ApiError =>
  new ApiError('KA_API_BAD_PARAMETER', `${parameter} ${what}`, parameter);
