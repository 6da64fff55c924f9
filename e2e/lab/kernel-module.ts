import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** A loadable driver, decompressed, ready for insmod. */
export interface KernelModule {
  readonly name: string;
  readonly image: Buffer;
}

/** The wanted modules with all they depend on, in an order in which each can be loaded; built-in drivers are left out. */
export async function collectModules(modulesDir: string, wanted: readonly string[]): Promise<KernelModule[]> {
  const files = new Map<string, string>();
  for (const entry of await readdir(modulesDir, { recursive: true })) {
    const match = /^(.*)\.ko(\.xz)?$/.exec(basename(entry));
    if (match?.[1] !== undefined) files.set(match[1].replaceAll('-', '_'), join(modulesDir, entry));
  }
  const ordered = new Map<string, KernelModule>();
  const add = (name: string): void => {
    const file = files.get(name);
    if (file === undefined || ordered.has(name)) return;
    const image = readModule(file);
    for (const dependency of moduleDependencies(image)) add(dependency);
    ordered.set(name, { name, image });
  };
  wanted.forEach(add);
  return [...ordered.values()];
}

function readModule(file: string): Buffer {
  if (!file.endsWith('.xz')) return readFileSync(file);
  return execFileSync('busybox', ['xzcat', file], { maxBuffer: 64 << 20 });
}

/** The `depends=` entry of the module's .modinfo section; it is the only place where that text stands NUL-framed. */
export function moduleDependencies(image: Buffer): string[] {
  const key = Buffer.from('\0depends=');
  const at = image.indexOf(key);
  if (at < 0) return [];
  const from = at + key.length;
  const list = image.toString('latin1', from, image.indexOf(0, from));
  return list === '' ? [] : list.split(',').map((name) => name.replaceAll('-', '_'));
}
