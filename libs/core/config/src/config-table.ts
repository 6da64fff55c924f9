/** One setting: where it may come from, what it may be, what it means. */
export type ConfigEntry = {
  /** Without dashes. Absent: cannot be given as a flag. */
  readonly flag?: string;
  readonly env?: string;
  /** Key in the configuration file. */
  readonly file?: string;
  readonly help: string;
  /** Never printed. */
  readonly isSecret?: boolean;
} & (
  | { readonly type: 'string'; readonly default: string; readonly oneOf?: readonly string[] }
  | { readonly type: 'int'; readonly default: number; readonly min: number; readonly max: number }
  | { readonly type: 'bool'; readonly default: boolean }
  /** Separated by commas; a flag may be repeated. */
  | { readonly type: 'list'; readonly default: readonly string[] }
  /** Whatever JSON says: given as it is in the file, as text elsewhere. Who uses it checks its shape. */
  | { readonly type: 'json'; readonly default: unknown }
);

export type ConfigTable = Readonly<Record<string, ConfigEntry>>;

export type Config<T extends ConfigTable> = {
  readonly [K in keyof T]: T[K]['type'] extends 'string'
    ? string
    : T[K]['type'] extends 'int'
      ? number
      : T[K]['type'] extends 'bool'
        ? boolean
        : T[K]['type'] extends 'json'
          ? unknown
          : readonly string[];
};

export type ConfigSource = 'flag' | 'env' | 'file';
