import type { BackoffLimits } from '@kubearmor-ts/flow';
import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { isRedactableField } from '@kubearmor-ts/sink';
import type { FilterSpec } from '@kubearmor-ts/sink';

/** What the runtime needs to know of a sink, whatever its kind. */
export interface SinkSpec {
  readonly type: string;
  readonly name: string;
  /** The object in the configuration's list, for messages. */
  readonly place: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly filter: FilterSpec;
  readonly redact: readonly string[];
  readonly backoff?: BackoffLimits;
  readonly giveUpAfterMs: number;
  readonly deadLetter?: { readonly path: string; readonly maxBytes: number };
}

interface RuntimeKey {
  readonly key: string;
  readonly shape: string;
  readonly help: string;
}

/** Keys every sink has, as the documentation prints them. */
export const sinkRuntimeTable: readonly RuntimeKey[] = [
  { key: 'type', shape: 'text, required', help: 'kind of sink' },
  {
    key: 'name',
    shape: 'text, default: the type',
    help: 'names the sink in metrics, messages and its place in the journal; a new name begins with new events',
  },
  { key: 'enabled', shape: 'bool, default true', help: 'false leaves the sink out' },
  { key: 'events', shape: 'list of alerts, logs', help: 'kinds of events; both when absent' },
  { key: 'filter.minSeverity', shape: 'int 0…10', help: 'alerts of this severity and above; logs have 0' },
  { key: 'filter.actions', shape: 'list', help: 'Block, Audit, Audit (Block)' },
  { key: 'filter.namespaces', shape: 'list', help: 'with * for anything; !name leaves out' },
  { key: 'filter.policies', shape: 'list', help: 'names of policies, in the same way' },
  { key: 'filter.operations', shape: 'list', help: 'File, Process, Network, …' },
  {
    key: 'rate.perSecond',
    shape: 'number',
    help: 'events a second; what is over is held back, counted and summed up',
  },
  { key: 'rate.burst', shape: 'number, default perSecond', help: 'how many may come at once' },
  {
    key: 'rate.alwaysSeverity',
    shape: 'int, default 8',
    help: 'alerts of this severity and above pass any rate',
  },
  {
    key: 'redact',
    shape: 'list of fields',
    help: 'taken out before the sink sees them: Source, Owner.Name, EventData',
  },
  {
    key: 'retry.firstMs',
    shape: 'int, default 500',
    help: 'first pause after a failed delivery; it doubles',
  },
  { key: 'retry.maxMs', shape: 'int, default 30000', help: 'longest pause' },
  { key: 'maxAge', shape: 'seconds, default 0', help: 'a batch that fails for longer is given up; 0: never' },
  { key: 'deadLetter.path', shape: 'text', help: 'file for what the receiver refuses for good' },
  { key: 'deadLetter.maxMegabytes', shape: 'int, default 64', help: 'its bound' },
];

export const sinkRuntimeKeys: readonly string[] = [
  ...new Set(sinkRuntimeTable.map(({ key }) => key.split('.')[0]!)),
];

export const sinkError = (place: string, problem: string): CodedError => ({
  code: 'KA_SINK_CONFIG',
  reason: 'InvalidValue',
  object: place,
  place,
  message: `${place} ${problem}`,
});

/** The configuration's `sinks`, or every mistake at once, each naming its key. */
export function readSinkSpecs(
  value: unknown,
  knownTypes: readonly string[],
  takenNames: readonly string[] = [],
): Result<readonly SinkSpec[], readonly CodedError[]> {
  if (!Array.isArray(value)) return fail([sinkError('sinks', 'must be a list of objects')]);
  const errors: CodedError[] = [];
  const specs: SinkSpec[] = [];
  const names = new Set(takenNames);
  (value as unknown[]).forEach((item, index) => {
    const reader = new ObjectReader(item, `sinks[${String(index)}]`, errors);
    const spec = readOne(reader, knownTypes);
    if (reader.boolean('enabled', true) === false || spec === undefined) return;
    if (names.has(spec.name))
      errors.push(sinkError(`${spec.place}.name`, `${spec.name} is taken: give another`));
    names.add(spec.name);
    specs.push(spec);
  });
  return errors.length > 0 ? fail(errors) : ok(specs);
}

function readOne(reader: ObjectReader, knownTypes: readonly string[]): SinkSpec | undefined {
  const { place, value } = reader;
  if (value === undefined) return undefined;
  const type = reader.text('type', '');
  if (!knownTypes.includes(type)) {
    reader.refuse('type', `must be one of ${knownTypes.join(', ')}`);
    return undefined;
  }
  const name = reader.text('name', type);
  if (!/^[\w-][\w.-]{0,63}$/.test(name))
    reader.refuse('name', 'must be letters, digits, dots, dashes, at most 64');
  const redact = reader.list('redact') ?? [];
  for (const field of redact)
    if (!isRedactableField(field)) reader.refuse('redact', `${field} is not a field of an event`);
  const retry = reader.inner('retry', ['firstMs', 'maxMs']);
  const dead = reader.inner('deadLetter', ['path', 'maxMegabytes']);
  const path = dead?.text('path', '') ?? '';
  if (dead !== undefined && path === '') dead.refuse('path', 'is required');
  return {
    type,
    name,
    place,
    value,
    filter: readFilter(reader),
    redact,
    giveUpAfterMs: reader.number('maxAge', 0, 0, 31_536_000) * 1000,
    ...(retry === undefined
      ? {}
      : {
          backoff: {
            firstMs: retry.number('firstMs', 500, 1, 3_600_000),
            maxMs: retry.number('maxMs', 30_000, 1, 3_600_000),
          },
        }),
    ...(path === ''
      ? {}
      : { deadLetter: { path, maxBytes: (dead?.number('maxMegabytes', 64, 1, 1_000_000) ?? 64) * 1e6 } }),
  };
}

function readFilter(reader: ObjectReader): FilterSpec {
  const kinds = reader.list('events')?.filter((kind) => {
    if (kind === 'alerts' || kind === 'logs') return true;
    reader.refuse('events', 'must be a list of alerts, logs');
    return false;
  }) as FilterSpec['kinds'];
  const filter = reader.inner('filter', ['minSeverity', 'actions', 'namespaces', 'policies', 'operations']);
  const rate = reader.inner('rate', ['perSecond', 'burst', 'alwaysSeverity']);
  const perSecond = rate?.number('perSecond', 0, 0.001, 1e9) ?? 0;
  if (rate !== undefined && perSecond === 0) rate.refuse('perSecond', 'is required');
  const parts = {
    kinds,
    minSeverity: filter?.has('minSeverity') === true ? filter.number('minSeverity', 0, 0, 10) : undefined,
    actions: filter?.list('actions'),
    namespaces: filter?.list('namespaces'),
    policies: filter?.list('policies'),
    operations: filter?.list('operations'),
    rate:
      rate === undefined
        ? undefined
        : {
            perSecond,
            burst: rate.number('burst', Math.max(1, perSecond), 1, 1e9),
            alwaysSeverity: rate.number('alwaysSeverity', 8, 0, 11),
          },
  };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
}

/** Reads an object's keys and says what is wrong with each. */
class ObjectReader {
  readonly place: string;
  readonly value: Readonly<Record<string, unknown>> | undefined;
  private readonly errors: CodedError[];

  constructor(value: unknown, place: string, errors: CodedError[]) {
    this.place = place;
    this.errors = errors;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.value = isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
    if (!isObject) errors.push(sinkError(place, 'must be an object'));
  }

  has(key: string): boolean {
    return this.value !== undefined && Object.hasOwn(this.value, key);
  }

  refuse(key: string, problem: string): void {
    this.errors.push(sinkError(`${this.place}.${key}`, problem));
  }

  text(key: string, fallback: string): string {
    const given = this.given(key, fallback);
    if (typeof given === 'string') return given;
    this.refuse(key, 'must be a text');
    return fallback;
  }

  boolean(key: string, fallback: boolean): boolean {
    const given = this.given(key, fallback);
    if (typeof given === 'boolean') return given;
    this.refuse(key, 'must be true or false');
    return fallback;
  }

  number(key: string, fallback: number, min: number, max: number): number {
    if (!this.has(key)) return fallback;
    const given = this.given(key, fallback);
    if (typeof given === 'number' && given >= min && given <= max) return given;
    this.refuse(key, `must be a number from ${String(min)} to ${String(max)}`);
    return fallback;
  }

  list(key: string): readonly string[] | undefined {
    const given = this.given(key, undefined);
    if (given === undefined) return undefined;
    if (Array.isArray(given) && given.every((item) => typeof item === 'string')) return given;
    this.refuse(key, 'must be a list of texts');
    return undefined;
  }

  inner(key: string, keys: readonly string[]): ObjectReader | undefined {
    if (!this.has(key)) return undefined;
    const reader = new ObjectReader(this.given(key, undefined), `${this.place}.${key}`, this.errors);
    for (const name of Object.keys(reader.value ?? {}))
      if (!keys.includes(name)) reader.refuse(name, 'is not a key here');
    return reader.value === undefined ? undefined : reader;
  }

  private given(key: string, fallback: unknown): unknown {
    return this.has(key) ? this.value?.[key] : fallback;
  }
}
