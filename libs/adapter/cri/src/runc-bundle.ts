import { readdir, readFile, readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseOciSpec } from './oci-spec.ts';
import type { OciSpec } from './oci-spec.ts';

/**
 * The spec of a container that runc is only now making: its state file does not exist yet, but the runc process does,
 * and its command line names the id and the bundle. Best effort: undefined when it cannot be found in time.
 */
export async function findRuncBundle(procfs: string, id: string): Promise<OciSpec | undefined> {
  const pids = (await readdir(procfs).catch(() => [])).filter((name) => /^\d+$/.test(name));
  /* The youngest processes first: runc was started a moment ago. */
  for (const pid of pids.sort((a, b) => Number(b) - Number(a))) {
    const text = await readFile(join(procfs, pid, 'cmdline'), 'utf8').catch(() => '');
    const words = text.split('\0').filter((word) => word !== '');
    if (!isRuncCreating(words, id)) continue;
    const cwd = await readlink(join(procfs, pid, 'cwd')).catch(() => '/');
    const config = await readFile(join(resolve(cwd, bundleOf(words)), 'config.json'), 'utf8').catch(
      () => undefined,
    );
    if (config === undefined) continue;
    const spec = parseOciSpec(config, id);
    if (spec.ok) return spec.value;
  }
  return undefined;
}

export function isRuncCreating(words: readonly string[], id: string): boolean {
  const name = words[0]?.split('/').at(-1);
  return (
    (name === 'runc' || name === 'crun') &&
    (words.includes('run') || words.includes('create')) &&
    words.at(-1) === id
  );
}

export function bundleOf(words: readonly string[]): string {
  const at = words.findIndex((word) => /^--?b(undle)?(=|$)/.test(word));
  if (at < 0) return '.';
  const word = words[at] as string;
  return word.includes('=') ? word.slice(word.indexOf('=') + 1) : (words[at + 1] ?? '.');
}
