/**
 * The keys of one sink's configuration object, as data: the reader checks against it and the documentation prints it.
 */
export type SinkOption = {
  readonly help: string;
  /** Must be given and not empty. */
  readonly isRequired?: boolean;
} & (
  | { readonly type: 'string'; readonly default: string; readonly oneOf?: readonly string[] }
  | { readonly type: 'int'; readonly default: number; readonly min: number; readonly max: number }
  | { readonly type: 'bool'; readonly default: boolean }
  | { readonly type: 'list'; readonly default: readonly string[]; readonly oneOf?: readonly string[] }
  /** http or https, without credentials in it. */
  | { readonly type: 'url' }
  /** `key`, `keyFile` (read again for every delivery, so it may be rotated) or `keyEnv`. */
  | { readonly type: 'secret' }
  /** Names to values; a value is a text, `{"file": path}` or `{"env": name}`. */
  | { readonly type: 'headers' }
  | { readonly type: 'map' }
  | { readonly type: 'object'; readonly options: SinkOptionTable }
);

export type SinkOptionTable = Readonly<Record<string, SinkOption>>;

/** Where a secret is found; its value is never part of a message. */
export type Secret =
  | { readonly from: 'value'; readonly value: string }
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'env'; readonly name: string };

type ValueOf<O extends SinkOption> = O extends { readonly type: 'int' }
  ? number
  : O extends { readonly type: 'bool' }
    ? boolean
    : O extends { readonly type: 'list' }
      ? readonly string[]
      : O extends { readonly type: 'url' }
        ? O extends { readonly isRequired: true }
          ? URL
          : URL | undefined
        : O extends { readonly type: 'secret' }
          ? O extends { readonly isRequired: true }
            ? Secret
            : Secret | undefined
          : O extends { readonly type: 'headers' }
            ? Readonly<Record<string, Secret>>
            : O extends { readonly type: 'map' }
              ? Readonly<Record<string, string>>
              : O extends { readonly type: 'object'; readonly options: infer T extends SinkOptionTable }
                ? SinkConfig<T>
                : O extends { readonly type: 'string'; readonly oneOf: readonly (infer W)[] }
                  ? W
                  : string;

export type SinkConfig<T extends SinkOptionTable> = { readonly [K in keyof T]: ValueOf<T[K]> };

/** Keys of a sink's object that are the runtime's; the reader of a sink leaves them alone. */
export const runtimeKeys: readonly string[] = [
  'type',
  'name',
  'enabled',
  'events',
  'filter',
  'rate',
  'redact',
  'retry',
  'maxAge',
  'deadLetter',
];

/** For sinks over TLS; files are read again for every connection, so certificates may be renewed in place. */
export const tlsOptions = {
  caFile: {
    type: 'string',
    default: '',
    help: 'PEM file of the authorities to trust instead of the system’s',
  },
  certFile: { type: 'string', default: '', help: 'PEM file of the client certificate' },
  keyFile: { type: 'string', default: '', help: 'PEM file of its key' },
  serverName: {
    type: 'string',
    default: '',
    help: 'name to expect in the receiver’s certificate instead of its host name',
  },
  insecureSkipVerify: {
    type: 'bool',
    default: false,
    help: 'accepts any certificate: anybody on the way can then read and change what is sent',
  },
} as const satisfies SinkOptionTable;

export type TlsConfig = SinkConfig<typeof tlsOptions>;

export interface SinkOptionRow {
  /** With a dot before a nested key. */
  readonly name: string;
  readonly type: string;
  /** `required`, `none`, or the value. */
  readonly default: string;
  readonly help: string;
}

/** One row for each key a user may write, in the order of the table. */
export function sinkOptionRows(table: SinkOptionTable, prefix = ''): readonly SinkOptionRow[] {
  return Object.entries(table).flatMap(([key, option]) => {
    const name = `${prefix}${key}`;
    if (option.type === 'object') return sinkOptionRows(option.options, `${name}.`);
    const row = { type: typeText(option), default: defaultText(option), help: option.help };
    const names = option.type === 'secret' ? [name, `${name}File`, `${name}Env`] : [name];
    return [{ name: names.join(', '), ...row }];
  });
}

function typeText(option: SinkOption): string {
  if ('oneOf' in option && option.oneOf !== undefined)
    return `${option.type === 'list' ? 'list of ' : ''}${option.oneOf.join('|')}`;
  return option.type === 'int' ? `int ${String(option.min)}…${String(option.max)}` : option.type;
}

function defaultText(option: SinkOption): string {
  if (option.isRequired === true) return 'required';
  if (!('default' in option)) return 'none';
  const text = Array.isArray(option.default) ? option.default.join(',') : String(option.default);
  return text === '' ? 'none' : text;
}
