import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';

export interface ConfigFileAndFlags {
  readonly argv: readonly string[];
  readonly file?: { readonly name: string; readonly values: Readonly<Record<string, unknown>> };
}

/** Takes `--config FILE` out of the flags, or the name from the environment, and reads the JSON object. */
export function readConfigFile(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  read: (name: string) => string,
): Result<ConfigFileAndFlags> {
  const rest: string[] = [];
  let name = env['KA_RELAY_CONFIG'] ?? '';
  for (let at = 0; at < argv.length; at++) {
    const match = /^--?config(?:=([^]*))?$/.exec(argv[at]!);
    if (match === null) rest.push(argv[at]!);
    else name = match[1] ?? argv[++at] ?? '';
  }
  if (name === '') return ok({ argv: rest });
  try {
    const values: unknown = JSON.parse(read(name));
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      return fail(unreadable(name, 'not a JSON object'));
    return ok({ argv: rest, file: { name, values: values as Readonly<Record<string, unknown>> } });
  } catch (cause) {
    return fail(unreadable(name, cause instanceof Error ? cause.message : String(cause)));
  }
}

const unreadable = (name: string, reason: string): CodedError => ({
  code: 'KA_RELAY_CONFIG_FILE',
  reason: 'UnreadableFile',
  object: name,
  message: `configuration file ${name}: ${reason}`,
});
