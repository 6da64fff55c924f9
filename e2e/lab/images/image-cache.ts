import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileProgram } from '../compile-program.ts';
import { publish } from '../publish.ts';
import { HOST_TOOLS, IMAGE_PROGRAMS, fixtureImages, hostTool } from './fixture-images.ts';
import type { ProgramPaths } from './fixture-images.ts';
import { createImageArchive } from './oci-archive.ts';

const SOURCES = ['fixture-images.ts', 'image-names.ts', 'image-tree.ts', 'oci-archive.ts', 'tar.ts'];

/**
 * The folder with `NAME.tar`, an OCI archive, for each fixture image; built again only when its recipe, a program or
 * a host tool changed. `NAME.layers` lists the layer tars beside it, lowest first, for containers without containerd.
 */
export async function ensureFixtureImages(cacheDir: string): Promise<string> {
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const programs: Record<string, string> = {};
  for (const name of IMAGE_PROGRAMS) {
    programs[name] = await compileProgram(
      here(`./programs/${name}.c`),
      cacheDir,
      name === 'pause' ? ['-static', '-s'] : ['-s'],
    );
  }
  const key = createHash('sha256');
  for (const name of SOURCES) key.update(readFileSync(here(`./${name}`)));
  for (const path of Object.values(programs)) key.update(path);
  for (const tool of new Set(Object.values(HOST_TOOLS))) {
    const { size, mtimeMs } = statSync(hostTool(tool));
    key.update(`${tool} ${size} ${mtimeMs}`);
  }
  const place = join(cacheDir, 'images', key.digest('hex').slice(0, 16));
  if (existsSync(place)) return place;
  const draft = `${place}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await mkdir(draft, { recursive: true });
  for (const [name, image] of Object.entries(fixtureImages(programs as ProgramPaths))) {
    await writeFile(join(draft, `${name}.tar`), createImageArchive([image]));
    const layers: string[] = [];
    for (const layer of image.layers) {
      const file = `layer-${createHash('sha256').update(layer).digest('hex').slice(0, 16)}.tar`;
      await writeFile(join(draft, file), layer);
      layers.push(file);
    }
    await writeFile(join(draft, `${name}.layers`), layers.join('\n'));
  }
  await publish(draft, place);
  await rm(draft, { recursive: true, force: true });
  return place;
}
