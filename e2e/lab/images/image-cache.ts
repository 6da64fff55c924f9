import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileProgram } from '../compile-program.ts';
import { HOST_TOOLS, IMAGE_PROGRAMS, buildFixtureImages, hostTool } from './fixture-images.ts';
import type { ProgramPaths } from './fixture-images.ts';

const SOURCES = ['fixture-images.ts', 'image-tree.ts', 'oci-archive.ts', 'tar.ts'];

/** Path of the archive with all fixture images; built again only when its recipe, a program or a host tool changed. */
export async function ensureFixtureImages(cacheDir: string): Promise<string> {
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const programs: Record<string, string> = {};
  for (const name of IMAGE_PROGRAMS) {
    programs[name] = await compileProgram(here(`./programs/${name}.c`), cacheDir, name === 'pause' ? ['-static'] : []);
  }
  const key = createHash('sha256');
  for (const name of SOURCES) key.update(readFileSync(here(`./${name}`)));
  for (const path of Object.values(programs)) key.update(path);
  for (const tool of new Set(Object.values(HOST_TOOLS))) {
    const { size, mtimeMs } = statSync(hostTool(tool));
    key.update(`${tool} ${size} ${mtimeMs}`);
  }
  const place = join(cacheDir, 'images', `fixtures-${key.digest('hex').slice(0, 16)}.tar`);
  if (existsSync(place)) return place;
  await mkdir(join(cacheDir, 'images'), { recursive: true });
  const draft = `${place}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, buildFixtureImages(programs as ProgramPaths));
  await rename(draft, place);
  return place;
}
