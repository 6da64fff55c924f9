import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CachedKernel } from './kernel-cache.ts';
import { collectModules } from './kernel-module.ts';
import { BOOT_MODULES } from './kernel-table.ts';

const run = promisify(execFile);

/** The initramfs that brings this kernel to the shared root; built once for each init script and driver list. */
export async function buildInitramfs(kernel: CachedKernel): Promise<string> {
  const init = await readFile(new URL('./guest/init.sh', import.meta.url));
  const key = createHash('sha256').update(init).update(BOOT_MODULES.join()).digest('hex').slice(0, 16);
  const place = join(kernel.dir, `initramfs-${key}.cpio`);
  if (existsSync(place)) return place;
  const draft = join(kernel.dir, `.initramfs.${process.pid}.${randomBytes(4).toString('hex')}`);
  try {
    await mkdir(join(draft, 'tree/bin'), { recursive: true });
    await mkdir(join(draft, 'tree/modules'));
    await copyFile('/bin/busybox', join(draft, 'tree/bin/busybox'));
    await writeFile(join(draft, 'tree/init'), init);
    await chmod(join(draft, 'tree/init'), 0o755);
    const modules = await collectModules(kernel.modulesDir, BOOT_MODULES);
    for (const module of modules)
      await writeFile(join(draft, 'tree/modules', `${module.name}.ko`), module.image);
    await writeFile(join(draft, 'tree/modules/order'), modules.map((module) => module.name).join('\n'));
    await run('sh', ['-c', 'cd tree && find . | cpio -o -H newc --quiet > ../initramfs'], { cwd: draft });
    await rename(join(draft, 'initramfs'), place);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return place;
}
