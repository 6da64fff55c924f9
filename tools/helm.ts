/**
 * The real Helm, for the charts' tests and the manifests rendered from them: built once from its own Go module.
 *
 *   node tools/helm.ts    builds and prints the path of the binary
 *
 * `KA_HELM` names another binary to use instead, of Helm 3.17 or newer.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { buildGoTool } from './go-tool.ts';

const run = promisify(execFile);

/** The binary, or why there is none on this machine. */
export async function buildHelm(): ReturnType<typeof buildGoTool> {
  const given = process.env['KA_HELM'];
  return given === undefined
    ? buildGoTool('helm', { program: 'helm.sh/helm/v4/cmd/helm' })
    : { binary: given };
}

export interface HelmAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Helm without a cluster, a home or plugins of the caller's. */
export async function helm(binary: string, home: string, args: readonly string[]): Promise<HelmAnswer> {
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: '/dev/null' };
  try {
    const { stdout, stderr } = await run(binary, args, { env, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, stdout, stderr };
  } catch (failure) {
    const { code, stdout, stderr } = failure as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw failure;
    return { code, stdout: stdout ?? '', stderr: stderr ?? '' };
  }
}

if (process.argv[1] === import.meta.filename) {
  const built = await buildHelm();
  if ('missing' in built) {
    console.error(built.missing);
    process.exitCode = 1;
  } else {
    console.log(built.binary);
  }
}
