import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import type { Config, ConfigEntry, ConfigSource, ConfigTable } from './config-table.ts';
import { readFlags } from './read-flags.ts';

export interface ConfigInputs {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The parsed configuration file, when there is one. */
  readonly file?: { readonly name: string; readonly values: Readonly<Record<string, unknown>> };
  /** From weakest to strongest. */
  readonly order?: readonly ConfigSource[];
}

const usualOrder: readonly ConfigSource[] = ['file', 'env', 'flag'];

/** The frozen configuration, or every mistake at once, each naming the key and where it was written. */
export function parseConfig<T extends ConfigTable>(
  table: T,
  inputs: ConfigInputs,
): Result<Config<T>, readonly CodedError[]> {
  const errors: CodedError[] = [];
  const flags = readFlags(table, inputs.argv);
  errors.push(...flags.errors, ...unknownFileKeys(table, inputs));
  const values: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(table)) {
    values[key] = entry.default;
    for (const source of inputs.order ?? usualOrder) {
      const given = readSource(source, entry, inputs, flags.values.get(key));
      if (given === undefined) continue;
      const parsed = parseValue(entry, given.value, source);
      if (parsed.ok) values[key] = parsed.value;
      else errors.push(badValue(given.place, entry, parsed.error));
    }
  }
  return errors.length === 0 ? ok(Object.freeze(values) as Config<T>) : fail(errors);
}

interface Given {
  readonly value: unknown;
  readonly place: string;
}

function readSource(
  source: ConfigSource,
  entry: ConfigEntry,
  inputs: ConfigInputs,
  flag: readonly string[] | undefined,
): Given | undefined {
  if (source === 'flag')
    return flag === undefined ? undefined : { value: flag, place: `--${entry.flag ?? ''}` };
  if (source === 'env') {
    const text = entry.env === undefined ? undefined : inputs.env[entry.env];
    return text === undefined || text === ''
      ? undefined
      : { value: text, place: `environment ${entry.env ?? ''}` };
  }
  if (entry.file === undefined || inputs.file === undefined) return undefined;
  const value = inputs.file.values[entry.file];
  return value === undefined ? undefined : { value, place: `${inputs.file.name}: ${entry.file}` };
}

function parseValue(entry: ConfigEntry, given: unknown, source: ConfigSource): Result<unknown, string> {
  if (entry.type === 'list') return parseList(given);
  if (entry.type === 'json') return parseJson(given, source);
  const single: unknown = Array.isArray(given) && given.length > 0 ? given.at(-1) : given;
  switch (entry.type) {
    case 'string': {
      if (typeof single !== 'string') return fail('a text');
      const isAllowed = entry.oneOf === undefined || entry.oneOf.includes(single);
      return isAllowed ? ok(single) : fail(`one of ${entry.oneOf.join(', ')}`);
    }
    case 'int': {
      const number = typeof single === 'string' && /^-?\d{1,15}$/.test(single) ? Number(single) : single;
      const isFit = Number.isInteger(number) && Number(number) >= entry.min && Number(number) <= entry.max;
      return isFit ? ok(number) : fail(`a whole number from ${String(entry.min)} to ${String(entry.max)}`);
    }
    case 'bool': {
      if (typeof single === 'boolean') return ok(single);
      const word = typeof single === 'string' ? single.toLowerCase() : '';
      if (word === 'true' || word === '1') return ok(true);
      return word === 'false' || word === '0' ? ok(false) : fail('true or false');
    }
  }
}

function parseJson(given: unknown, source: ConfigSource): Result<unknown, string> {
  if (source === 'file') return ok(given);
  const text: unknown = Array.isArray(given) ? given.at(-1) : given;
  try {
    return ok(JSON.parse(String(text)));
  } catch {
    return fail('JSON');
  }
}

function parseList(given: unknown): Result<readonly string[], string> {
  const items: unknown[] = Array.isArray(given) ? given : [given];
  if (!items.every((item) => typeof item === 'string')) return fail('a list of texts');
  const words = items.flatMap((item) => item.split(',')).map((word) => word.trim());
  return ok(Object.freeze(words.filter((word) => word !== '')));
}

const badValue = (place: string, entry: ConfigEntry, expected: string): CodedError => ({
  code: 'KA_CONFIG_VALUE',
  reason: 'InvalidValue',
  message: `${place} must be ${expected}`,
  object: entry.flag ?? entry.env ?? entry.file ?? '',
  place,
});

function unknownFileKeys(table: ConfigTable, inputs: ConfigInputs): CodedError[] {
  const known = new Set(Object.values(table).map((entry) => entry.file));
  return Object.keys(inputs.file?.values ?? {})
    .filter((key) => !known.has(key))
    .map((key) => ({
      code: 'KA_CONFIG_UNKNOWN_KEY',
      reason: 'UnknownKey',
      message: `${inputs.file?.name ?? ''} has the key ${key}, which means nothing here`,
      object: key,
    }));
}
