import { readFile } from 'node:fs/promises';
import { fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import type { Secret } from './sink-options.ts';

const longestSecret = 64 * 1024;

/** The secret as it is now, without the line break an editor leaves at the end; or why there is none. */
export async function readSecret(
  secret: Secret,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Result<string, string>> {
  if (secret.from === 'value') return ok(secret.value);
  if (secret.from === 'env') {
    const value = env[secret.name];
    return value === undefined || value === ''
      ? fail(`the environment variable ${secret.name} is not set`)
      : ok(value);
  }
  let text: string;
  try {
    text = await readFile(secret.path, 'utf8');
  } catch (cause) {
    return fail(`${secret.path} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`);
  }
  const value = text.replace(/[\r\n]+$/, '');
  if (value === '' || value.length > longestSecret || /\p{Cc}/u.test(value))
    return fail(`${secret.path} does not hold one line of text`);
  return ok(value);
}
