import { assertNever, fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { runtimeKeys } from './sink-options.ts';
import type { Secret, SinkConfig, SinkOption, SinkOptionTable } from './sink-options.ts';

/** A value, or what it has to be. */
type Read = Result<unknown, string>;

/**
 * One sink's object out of the parsed configuration file → its typed configuration, or every mistake at once.
 * `place` names the object for messages: `sinks[2]`. Keys of the runtime are left alone, other unknown keys refused.
 */
export function readSinkOptions<T extends SinkOptionTable>(
  table: T,
  value: unknown,
  place: string,
): Result<SinkConfig<T>, readonly CodedError[]> {
  const errors: CodedError[] = [];
  const config = readTable(table, value, place, runtimeKeys, errors);
  return errors.length === 0 ? ok(Object.freeze(config) as SinkConfig<T>) : fail(errors);
}

function readTable(
  table: SinkOptionTable,
  value: unknown,
  place: string,
  ignored: readonly string[],
  errors: CodedError[],
): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  const given = asObject(value);
  if (given === undefined) {
    errors.push(sinkConfigError(place, 'must be an object'));
    return config;
  }
  const known = new Set(ignored);
  for (const [key, option] of Object.entries(table)) {
    for (const name of namesOf(key, option)) known.add(name);
    const at = `${place}.${key}`;
    if (option.type === 'object') {
      config[key] = readTable(option.options, given[key] ?? {}, at, [], errors);
      continue;
    }
    const read = option.type === 'secret' ? readSecretKeys(given, key) : readValue(option, given[key]);
    if (!read.ok) errors.push(sinkConfigError(at, `must be ${read.error}`));
    else if (option.isRequired === true && isEmpty(read.value)) errors.push(missing(at, option));
    else config[key] = read.value;
  }
  for (const key of Object.keys(given)) {
    if (!known.has(key)) errors.push(sinkConfigError(`${place}.${key}`, 'is not a key of this sink'));
  }
  return config;
}

const namesOf = (key: string, option: SinkOption): readonly string[] =>
  option.type === 'secret' ? [key, `${key}File`, `${key}Env`] : [key];

const missing = (at: string, option: SinkOption): CodedError =>
  sinkConfigError(at, option.type === 'secret' ? `is required (or ${at}File, ${at}Env)` : 'is required');

/** For checks that span several keys, made by the sinks themselves. */
export const sinkConfigError = (place: string, problem: string): CodedError => ({
  code: 'KA_SINK_CONFIG',
  reason: 'InvalidValue',
  object: place,
  place,
  message: `${place} ${problem}`,
});

function readValue(option: Exclude<SinkOption, { type: 'object' | 'secret' }>, given: unknown): Read {
  if (given === undefined) return ok('default' in option ? option.default : emptyOf(option.type));
  switch (option.type) {
    case 'string': {
      if (typeof given !== 'string' || hasControls(given)) return fail('a text without control characters');
      const isAllowed = option.oneOf === undefined || option.oneOf.includes(given);
      return isAllowed ? ok(given) : fail(`one of ${option.oneOf.join(', ')}`);
    }
    case 'int': {
      const isFit = Number.isInteger(given) && Number(given) >= option.min && Number(given) <= option.max;
      return isFit ? ok(given) : fail(`a whole number from ${String(option.min)} to ${String(option.max)}`);
    }
    case 'bool':
      return typeof given === 'boolean' ? ok(given) : fail('true or false');
    case 'list':
      return readList(given, option.oneOf);
    case 'url':
      return readUrl(given);
    case 'headers':
      return readHeaders(given);
    case 'map':
      return readMap(given);
    default:
      return assertNever(option);
  }
}

const emptyOf = (type: SinkOption['type']): unknown => (type === 'url' ? undefined : {});

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

function readList(given: unknown, oneOf: readonly string[] | undefined): Read {
  if (!Array.isArray(given) || !given.every((item) => typeof item === 'string' && !hasControls(item)))
    return fail('a list of texts');
  const stranger = oneOf === undefined ? undefined : given.find((item: string) => !oneOf.includes(item));
  return stranger === undefined
    ? ok(Object.freeze([...given]))
    : fail(`a list of ${oneOf?.join(', ') ?? ''}`);
}

function readUrl(given: unknown): Read {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return fail('an http or https URL');
  // They would end up in messages and metrics, where the address is shown.
  if (url.username !== '' || url.password !== '') return fail('a URL without a user or password in it');
  return ok(url);
}

function readHeaders(given: unknown): Read {
  const pairs = asObject(given);
  if (pairs === undefined) return fail('an object of header names and values');
  const headers: Record<string, Secret> = {};
  for (const [name, value] of Object.entries(pairs)) {
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return fail('an object whose keys are header names');
    const secret = readHeaderValue(value);
    // The value may be a token: the message names the header, never what it holds.
    if (secret === undefined)
      return fail(`an object; ${name} in it is not a text, {"file": …} or {"env": …}`);
    headers[name.toLowerCase()] = secret;
  }
  return ok(Object.freeze(headers));
}

function readHeaderValue(value: unknown): Secret | undefined {
  if (typeof value === 'string') return hasControls(value) ? undefined : { from: 'value', value };
  const entries = Object.entries(asObject(value) ?? {});
  const [key, text] = entries[0] ?? [];
  if (entries.length !== 1 || typeof text !== 'string' || text === '') return undefined;
  if (key === 'file') return { from: 'file', path: text };
  return key === 'env' ? { from: 'env', name: text } : undefined;
}

function readMap(given: unknown): Read {
  const pairs = asObject(given);
  const isFit = Object.values(pairs ?? { no: 1 }).every((value) => typeof value === 'string');
  return isFit ? ok(Object.freeze({ ...pairs })) : fail('an object of texts');
}

function readSecretKeys(given: Readonly<Record<string, unknown>>, key: string): Read {
  const names = [key, `${key}File`, `${key}Env`] as const;
  const present = names.filter((name) => given[name] !== undefined);
  if (present.length === 0) return ok(undefined);
  if (present.length > 1) return fail(`given once, not as ${present.join(' and ')}`);
  const value = given[present[0]!];
  if (typeof value !== 'string' || value === '' || hasControls(value))
    return fail('a text that is not empty');
  if (present[0] === names[1]) return ok({ from: 'file', path: value } satisfies Secret);
  if (present[0] === names[2]) return ok({ from: 'env', name: value } satisfies Secret);
  return ok({ from: 'value', value } satisfies Secret);
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** A line break in a header or an index name would start another one. */
const hasControls = (text: string): boolean => /\p{Cc}/u.test(text);
