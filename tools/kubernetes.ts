/**
 * Where the binaries of a real Kubernetes control plane are: the folder that KUBEBUILDER_ASSETS names, or one built
 * once from tools/kubernetes into the cache.
 *
 *   node tools/kubernetes.ts      builds if need be and prints the folder; says why there is none and exits with 1
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { buildGoTool } from './go-tool.ts';

export type KubernetesBinaries = { readonly directory: string } | { readonly missing: string };

const names = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;
/** envtest's own archive holds these two; with them most tests run. */
const needed = names.slice(0, 2);

/** A cold build fills the compiler's cache with about 2.5 GB; less than this left would fill the disk. */
const coldBuildBytes = 4 * 1024 ** 3;

export async function findKubernetes(): Promise<KubernetesBinaries> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && assets !== '') {
    const absent = needed.filter((name) => !isExecutable(join(assets, name)));
    return absent.length === 0
      ? { directory: assets }
      : { missing: `no kubernetes: KUBEBUILDER_ASSETS is ${assets} without ${absent.join(' and ')}` };
  }
  const version = versionIn(readFileSync(join(import.meta.dirname, 'kubernetes/go.mod'), 'utf8'));
  const [major = '', minor = ''] = version.slice(1).split('.');
  const variable = (name: string): string => `k8s.io/component-base/version.${name}`;
  const built = await buildGoTool('kubernetes', {
    variables: {
      [variable('gitVersion')]: version,
      [variable('gitMajor')]: major,
      [variable('gitMinor')]: minor,
    },
    objection: tooLittleDisk,
  });
  if ('missing' in built) return built;
  const directory = `${built.binary}.bin`;
  mkdirSync(directory, { recursive: true });
  for (const name of names) link(join('..', basename(built.binary)), join(directory, name));
  return { directory };
}

/** The module names the release once; the server would report none without it. */
export function versionIn(goMod: string): string {
  const version = /^\s*(?:require )?k8s\.io\/kubernetes (v\d+\.\d+\.\d+)$/m.exec(goMod)?.[1];
  if (version === undefined)
    throw new Error('tools/kubernetes/go.mod requires no release of k8s.io/kubernetes');
  return version;
}

async function tooLittleDisk(go: string): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)(go, ['env', 'GOCACHE']);
  const cache = stdout.trim();
  mkdirSync(cache, { recursive: true });
  const { bavail, bsize } = await statfs(cache);
  return bavail * bsize < coldBuildBytes
    ? `its build needs 4 GB of disk for ${cache}, and ${String(Math.floor((bavail * bsize) / 1024 ** 2))} MB are free`
    : undefined;
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === import.meta.filename) {
  const found = await findKubernetes();
  if ('directory' in found) console.log(found.directory);
  else {
    console.error(found.missing);
    process.exitCode = 1;
  }
}
