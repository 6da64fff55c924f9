import type { CodedError } from '@kubearmor-ts/result';
import type { ConfigEntry, ConfigTable } from './config-table.ts';

export interface Flags {
  /** By key of the table: every value given, in order. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly errors: readonly CodedError[];
}

/**
 * Flags as Go programs take them, since users bring their manifests: one dash or two, `-name value` or `-name=value`;
 * a boolean takes its value only after `=`.
 */
export function readFlags(table: ConfigTable, argv: readonly string[]): Flags {
  const byFlag = new Map<string, { key: string; entry: ConfigEntry }>();
  for (const [key, entry] of Object.entries(table))
    if (entry.flag !== undefined) byFlag.set(entry.flag, { key, entry });
  const values = new Map<string, string[]>();
  const errors: CodedError[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const match = /^--?([A-Za-z][\w-]*)(?:=([^]*))?$/.exec(word);
    const known = match === null ? undefined : byFlag.get(match[1]!);
    if (known === undefined) {
      errors.push(
        flagError('KA_CONFIG_UNKNOWN_FLAG', 'UnknownFlag', word, `${word} is not a flag of this program`),
      );
      continue;
    }
    let value = match?.[2];
    if (value === undefined && known.entry.type === 'bool') value = 'true';
    if (value === undefined) value = argv[++at];
    if (value === undefined) {
      errors.push(flagError('KA_CONFIG_NO_VALUE', 'MissingValue', word, `${word} needs a value`));
      continue;
    }
    values.set(known.key, [...(values.get(known.key) ?? []), value]);
  }
  return { values, errors };
}

const flagError = (code: string, reason: string, object: string, message: string): CodedError => ({
  code,
  reason,
  message,
  object,
});
