import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { createTar } from './tar.ts';
import type { TarEntry } from './tar.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT: Owner = { uid: 0, gid: 0 };

/**
 * The files of one layer. Programs come from the host, each as a file of its own at the wanted path, with the
 * libraries and the loader it needs at the paths under which the loader looks for them.
 */
export class ImageTree {
  private readonly entries = new Map<string, TarEntry>();
  /** With merged directories (`/bin` → `usr/bin` and so on), as in Debian 12; without, as in Ubuntu 18.04. */
  private readonly merged: boolean;

  constructor(merged = false) {
    this.merged = merged;
    if (!merged) return;
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) this.symlink(`/${name}`, `usr/${name}`);
  }

  dir(path: string, mode = 0o755, owner: Owner = ROOT): this {
    return this.put({ path, kind: 'dir', mode, ...owner });
  }

  file(path: string, content: string | Buffer, mode = 0o644, owner: Owner = ROOT): this {
    return this.put({ path, kind: 'file', mode, ...owner, content: Buffer.from(content) });
  }

  symlink(path: string, target: string): this {
    return this.put({ path, kind: 'symlink', mode: 0o777, target });
  }

  /** A program of the host, under a path of the image. */
  program(path: string, hostPath: string, mode = 0o755, owner: Owner = ROOT): this {
    this.file(path, readFileSync(hostPath), mode, owner);
    return this.librariesOf(hostPath);
  }

  librariesOf(hostPath: string): this {
    for (const library of librariesOf(hostPath))
      this.file(library, readFileSync(realpathSync(library)), 0o755);
    return this;
  }

  toLayer(): Buffer {
    return createTar([...this.entries.values()]);
  }

  private put(entry: TarEntry): this {
    const path = this.placed(entry.path);
    if (path !== '/') this.parents(path);
    this.entries.set(path, { ...entry, path });
    return this;
  }

  private placed(path: string): string {
    return this.merged ? path.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/') : path;
  }

  private parents(path: string): void {
    const parent = dirname(path);
    if (parent === '/' || this.entries.has(parent)) return;
    this.parents(parent);
    this.entries.set(parent, { path: parent, kind: 'dir', mode: 0o755 });
  }
}

/** Absolute paths that the loader resolves; a static program has none. */
export function librariesOf(program: string): string[] {
  let listing: string;
  try {
    listing = execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return [];
  }
  const paths = listing.split('\n').map((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1]);
  return paths.filter((path): path is string => path !== undefined);
}
