import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type KubernetesBinaries = { readonly directory: string } | { readonly missing: string };

/**
 * The folder with the binaries, or why there is none. A cold build takes minutes: ask while a spec is loaded, where no
 * test's time runs.
 */
export async function findKubernetes(): Promise<KubernetesBinaries> {
  const tool = join(import.meta.dirname, '../../../../tools/kubernetes.ts');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [tool], {
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    return { directory: stdout.trim() };
  } catch (failure) {
    const said = failure instanceof Error && 'stderr' in failure ? String(failure.stderr) : String(failure);
    return { missing: said.trim().split('\n').at(-1) ?? 'no kubernetes' };
  }
}
