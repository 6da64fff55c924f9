import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type FoundFile =
  /** `named`: the user gave this very path, so a file without a policy is a mistake. */
  | { readonly kind: 'file'; readonly path: string; readonly named: boolean }
  | { readonly kind: 'stdin' }
  | { readonly kind: 'unreadable'; readonly path: string; readonly problem: string };

const policyFile = /\.(?:ya?ml|json)$/i;

/** The files to check, directories in name order. Links to directories inside are not followed, so there are no cycles. */
export async function findFiles(paths: readonly string[]): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const path of paths) {
    if (path === '-') {
      found.push({ kind: 'stdin' });
      continue;
    }
    try {
      const entry = await stat(path);
      if (entry.isDirectory()) await findBelow(path, found);
      else found.push({ kind: 'file', path, named: true });
    } catch (error) {
      found.push(unreadable(path, error));
    }
  }
  return found;
}

async function findBelow(directory: string, found: FoundFile[]): Promise<void> {
  let names: string[];
  try {
    names = (await readdir(directory)).sort();
  } catch (error) {
    found.push(unreadable(directory, error));
    return;
  }
  for (const name of names) {
    const path = join(directory, name);
    try {
      const entry = await lstat(path);
      if (entry.isDirectory()) await findBelow(path, found);
      else if (policyFile.test(name)) {
        const target = entry.isSymbolicLink() ? await stat(path) : entry;
        if (target.isFile()) found.push({ kind: 'file', path, named: false });
      }
    } catch (error) {
      found.push(unreadable(path, error));
    }
  }
}

function unreadable(path: string, error: unknown): FoundFile {
  return { kind: 'unreadable', path, problem: error instanceof Error ? error.message : String(error) };
}
