import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { HostPlaces } from '../lab/scenario.ts';

export type Goal = 'read' | 'exec' | 'write';

/** What an attack program says about itself. */
export interface AttackManifest {
  readonly attack: string;
  readonly goals: readonly Goal[];
  /** What kind of rule can name its object. */
  readonly rule: 'path' | 'directory';
  /** Whether the alert of its denial names the object, or something on the way to it. */
  readonly alert: 'target' | 'elsewhere';
  /** How that object's name begins where it lies nowhere, such as `/memfd:`; else empty. */
  readonly alertNames: string;
  /** The rule must block this program as source, since an accomplice may pass. */
  readonly blockedSource: boolean;
  readonly destructive: boolean;
}

const STAMP = 'evasion-programs';

/** Builds the programs on the host; the folder is complete or absent, also when two builds run at once. */
export async function buildAttackPrograms(host: HostPlaces): Promise<void> {
  const room = join(host.checkout, 'e2e/evasion');
  const place = join(host.cacheDir, `${STAMP}-${await sourceKey(room)}`);
  if (existsSync(place)) return;
  const draft = `${place}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    await promisify(execFile)('make', ['-s', '-j2', '-C', room, `OUT=${draft}`], { maxBuffer: 16 << 20 });
    await rm(join(draft, '.obj'), { recursive: true, force: true });
    for (const old of await readdir(host.cacheDir)) {
      if (old.startsWith(`${STAMP}-`) && /-[0-9a-f]{16}$/.test(old))
        await rm(join(host.cacheDir, old), { recursive: true, force: true });
    }
    await rename(draft, place).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function sourceKey(room: string): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(room, 'Makefile')));
  for (const folder of ['attacks', 'harness', 'programs']) {
    for (const name of (await readdir(join(room, folder))).sort())
      hash.update(name).update(await readFile(join(room, folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Where the guest finds what the host built last. */
export async function attackProgramsFolder(
  cacheDir = process.env['KA_CACHE_DIR'] ?? '.cache/lab',
): Promise<string> {
  const found = (await readdir(cacheDir)).filter((name) => new RegExp(`^${STAMP}-[0-9a-f]{16}$`).test(name));
  if (found.length !== 1)
    throw new Error(`${cacheDir} holds ${found.length} builds of the attack programs, not one`);
  return join(cacheDir, found[0]!);
}

export async function readManifests(folder: string): Promise<readonly AttackManifest[]> {
  const lines = (await readFile(join(folder, 'manifest'), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as AttackManifest);
}
