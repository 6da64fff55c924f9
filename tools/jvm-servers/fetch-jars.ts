import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Jars = { readonly dir: string } | { readonly missing: string };

/** The jars that `<name>/pom.xml` asks for, fetched once into the cache, or why there are none on this machine. */
export async function fetchJars(name: string): Promise<Jars> {
  const pom = join(import.meta.dirname, name, 'pom.xml');
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16);
  const cache = process.env['KA_CACHE_DIR'] ?? join(import.meta.dirname, '../../.cache');
  const dir = join(cache, `jars-${name}-${hash}`);
  for (const command of ['java', 'mvn']) {
    if (command === 'mvn' && existsSync(dir)) break;
    try {
      await run(command, [command === 'java' ? '-version' : '--version']);
    } catch {
      return { missing: `no ${name}: the ${command} command is not installed` };
    }
  }
  if (existsSync(dir)) return { dir };
  mkdirSync(cache, { recursive: true });
  const unfinished = `${dir}.${String(process.pid)}`;
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', '-DincludeScope=runtime'];
  try {
    await run('mvn', [...args, `-DoutputDirectory=${unfinished}`], {
      timeout: 240_000,
      maxBuffer: 16 * 1024 * 1024,
    });
    renameSync(unfinished, dir);
  } catch (failure) {
    // Two runs may have fetched at once: the first to finish has put the same jars there.
    if (existsSync(dir)) return { dir };
    const text = failure instanceof Error && 'stdout' in failure ? String(failure.stdout) : String(failure);
    const line = text.split('\n').find((row) => row.includes('ERROR')) ?? '';
    return { missing: `no ${name}: its jars cannot be fetched: ${line.replace(/[()]/g, ' ').slice(0, 200)}` };
  }
  return { dir };
}
