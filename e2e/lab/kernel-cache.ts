import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { newestPackage, parsePackages } from './debian-index.ts';
import type { IndexedPackage } from './debian-index.ts';
import { LabError } from './errors.ts';
import { KERNELS } from './kernel-table.ts';
import type { KernelSource } from './kernel-table.ts';
import { publish } from './publish.ts';

const run = promisify(execFile);

/** A kernel unpacked on the host; nothing of it is installed there. */
export interface CachedKernel {
  readonly name: string;
  readonly release: string;
  readonly version: string;
  readonly dir: string;
  readonly vmlinuz: string;
  readonly modulesDir: string;
}

/**
 * The kernel of that name, from the cache or, the first time, from Debian's mirror. Several processes may ask at
 * once: each prepares its own temporary folder, the first rename wins and the others use the winner's.
 */
export async function fetchKernel(
  name: string,
  cacheDir: string,
  log: (line: string) => void,
): Promise<CachedKernel> {
  const source = KERNELS.find((kernel) => kernel.name === name);
  if (source === undefined) {
    const known = KERNELS.map((kernel) => kernel.name).join(', ');
    throw new LabError('KA_LAB_UNKNOWN_KERNEL', `no kernel is called "${name}"; the lab knows ${known}`);
  }
  const dir = join(cacheDir, 'kernels', name);
  if (!existsSync(join(dir, 'kernel.json'))) {
    await mkdir(join(cacheDir, 'kernels'), { recursive: true });
    const draft = join(cacheDir, 'kernels', `.${name}.${process.pid}.${randomBytes(4).toString('hex')}`);
    try {
      await prepareKernel(source, draft, log);
      await publish(draft, dir);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  return readCachedKernel(name, dir);
}

async function readCachedKernel(name: string, dir: string): Promise<CachedKernel> {
  const { release, version } = JSON.parse(await readFile(join(dir, 'kernel.json'), 'utf8')) as {
    release: string;
    version: string;
  };
  return {
    name,
    release,
    version,
    dir,
    vmlinuz: join(dir, 'vmlinuz'),
    modulesDir: join(dir, 'lib/modules', release),
  };
}

async function prepareKernel(
  source: KernelSource,
  draft: string,
  log: (line: string) => void,
): Promise<void> {
  log(`looking for the newest ${source.name} kernel in ${source.index}`);
  const index = gunzipSync(await download(source.index)).toString('utf8');
  const wanted = newestPackage(parsePackages(index, source.packageName));
  if (wanted === undefined) {
    throw new LabError('KA_LAB_NO_KERNEL', `${source.index} lists no package ${String(source.packageName)}`);
  }
  log(`downloading ${wanted.name} ${wanted.version}`);
  const archive = await downloadPackage(source, wanted);
  await mkdir(join(draft, 'deb'), { recursive: true });
  await writeFile(join(draft, 'kernel.deb'), archive);
  await run('dpkg-deb', ['-x', join(draft, 'kernel.deb'), join(draft, 'deb')]);
  const release = wanted.name.replace(/^linux-image-/, '');
  await mkdir(join(draft, 'lib/modules'), { recursive: true });
  // Debian 13 ships modules under /usr/lib, Debian 12 under /lib.
  const modules = ['usr/lib/modules', 'lib/modules']
    .map((place) => join(draft, 'deb', place, release))
    .find((place) => existsSync(place));
  const boot = join(draft, 'deb/boot');
  if (modules === undefined || !(await readdir(boot)).includes(`vmlinuz-${release}`)) {
    throw new LabError(
      'KA_LAB_BAD_PACKAGE',
      `${wanted.name} ${wanted.version} has no vmlinuz or modules for ${release}`,
    );
  }
  await rename(modules, join(draft, 'lib/modules', release));
  await rename(join(boot, `vmlinuz-${release}`), join(draft, 'vmlinuz'));
  await rename(join(boot, `config-${release}`), join(draft, 'config'));
  // The package leaves modules.dep to its install script; without it modprobe finds nothing in the guest.
  await run('busybox', ['depmod', '-b', draft, release]);
  await rm(join(draft, 'deb'), { recursive: true });
  await rm(join(draft, 'kernel.deb'));
  await writeFile(
    join(draft, 'kernel.json'),
    JSON.stringify({ release, version: wanted.version, sha256: wanted.sha256 }),
  );
}

async function downloadPackage(source: KernelSource, wanted: IndexedPackage): Promise<Buffer> {
  const url = `${source.mirror}/${wanted.filename}`;
  const archive = await download(url);
  const sha256 = createHash('sha256').update(archive).digest('hex');
  if (sha256 !== wanted.sha256) {
    throw new LabError('KA_LAB_BAD_HASH', `${url}: SHA256 is ${sha256}, the index says ${wanted.sha256}`);
  }
  return archive;
}

async function download(url: string): Promise<Buffer> {
  const attempts = 3;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(300_000) });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    } catch (error) {
      if (attempt < attempts) continue;
      const cause = error instanceof Error ? (error.cause ?? error.message) : error;
      throw new LabError('KA_LAB_DOWNLOAD', `${url}: ${String(cause)} (after ${attempts} attempts)`);
    }
  }
}
