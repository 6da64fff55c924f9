import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findGo } from './go-toolchain.ts';

const run = promisify(execFile);

const kubernetes = 'k8s.io/kubernetes@v1.36.3';
/** As in a go.sum: what the module must hash to. */
const sum = 'h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=';

/**
 * The folder of Kubernetes' own OpenAPI v3 documents, one for each group and version, out of its Go module; or why there
 * is none on this machine. Nothing of the module is built.
 */
export async function kubeSchemas(): Promise<{ readonly dir: string } | { readonly missing: string }> {
  const cache = process.env['KA_CACHE_DIR'] ?? join(import.meta.dirname, '../.cache');
  const found = await findGo(cache);
  if ('missing' in found) return { missing: `no ${kubernetes}: ${found.missing}` };
  // Outside of every module: the command must not look for a go.mod to change.
  const cwd = mkdtempSync(join(tmpdir(), 'kube-schemas-'));
  try {
    const env = {
      ...process.env,
      GOWORK: 'off',
      GO111MODULE: 'on',
      GOFLAGS: '-mod=mod',
      GOTOOLCHAIN: 'local',
    };
    const { stdout } = await run(found.go, ['mod', 'download', '-json', kubernetes], { cwd, env });
    const { Dir, Sum } = JSON.parse(stdout) as { Dir: string; Sum: string };
    if (Sum !== sum) return { missing: `${kubernetes} hashes to ${Sum}` };
    return { dir: join(Dir, 'api/openapi-spec/v3') };
  } catch (failure) {
    const lines = (failure instanceof Error ? failure.message : String(failure)).trim().split('\n');
    return { missing: `no ${kubernetes}: ${lines.at(-1) ?? ''}` };
  } finally {
    rmSync(cwd, { recursive: true });
  }
}
