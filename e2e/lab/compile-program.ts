import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { CHECKOUT } from './checkout.ts';
import { LabError } from './errors.ts';

const run = promisify(execFile);

/** Compiles one C file for the guest; the result is cached by content. */
export async function compileProgram(
  source: string,
  cacheDir: string,
  flags: readonly string[],
): Promise<string> {
  const key = createHash('sha256')
    .update(await readFile(source))
    .update(flags.join(' '))
    .digest('hex')
    .slice(0, 16);
  const name = relative(CHECKOUT, source).replaceAll(/[^\w]+/g, '-');
  const place = join(cacheDir, 'programs', `${name}-${key}`);
  if (existsSync(place)) return place;
  await mkdir(join(cacheDir, 'programs'), { recursive: true });
  const draft = `${place}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await run('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', ...flags, '-o', draft, source]);
  } catch (error) {
    throw new LabError(
      'KA_LAB_COMPILE',
      `${source}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  await rename(draft, place);
  return place;
}
