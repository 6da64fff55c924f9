/**
 * Files set aside: named after the file and the moment (`alerts.log.20260730T082640112`), so their names sort by age
 * and no name is used twice; compressed through a file that is renamed when whole; the oldest removed.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** A name that no file has: the moment, and a count after it where it is taken. */
export async function setAside(path: string, wallNs: bigint): Promise<void> {
  const stamp = new Date(Number(wallNs / 1_000_000n)).toISOString().replace(/[-:.Z]/g, '');
  const taken = new Set((await filesSetAside(path)).map((name) => name.replace(/\.gz$/, '')));
  let name = `${basename(path)}.${stamp}`;
  for (let count = 1; taken.has(name); count++)
    name = `${basename(path)}.${stamp}-${String(count).padStart(4, '0')}`;
  await rename(path, join(dirname(path), name));
}

/** Oldest first. */
export async function filesSetAside(path: string): Promise<readonly string[]> {
  const prefix = `${basename(path)}.`;
  const isOne = (name: string): boolean =>
    name.startsWith(prefix) && /^\d{8}T\d{9}(-\d{4})?(\.gz)?$/.test(name.slice(prefix.length));
  return (await readdir(dirname(path))).filter(isOne).sort();
}

export async function removeOldest(path: string, keep: number): Promise<void> {
  const names = await filesSetAside(path);
  for (const name of names.slice(0, Math.max(0, names.length - keep)))
    await unlink(join(dirname(path), name));
}

/** Compresses all that are not, also those a crash left; a half compressed one is begun anew. */
export async function compressAll(path: string, mode: number): Promise<void> {
  for (const name of await filesSetAside(path)) {
    if (name.endsWith('.gz')) continue;
    const plain = join(dirname(path), name);
    await pipeline(createReadStream(plain), createGzip(), createWriteStream(`${plain}.gz.part`, { mode }));
    await rename(`${plain}.gz.part`, `${plain}.gz`);
    await unlink(plain);
  }
}
