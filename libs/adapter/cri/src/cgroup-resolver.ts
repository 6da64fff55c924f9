import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok } from '@kubearmor-ts/result';
import type { CodedError, Result } from '@kubearmor-ts/result';
import { findContainerCgroup } from '@kubearmor-ts/workload';

/** Finds the number by which the kernel knows a running container's cgroup: the inode of its cgroup2 directory. */
export class CgroupResolver {
  readonly #procfs: string;

  constructor(procfs: string) {
    this.#procfs = procfs;
  }

  async resolve(pid: number, names: readonly string[]): Promise<Result<bigint>> {
    const mounts = await readFile(join(this.#procfs, 'self/mounts'), 'utf8').catch(() => '');
    const mount = findCgroup2Mount(mounts);
    if (mount === undefined)
      return fail(unresolved(pid, 'Cgroup2Missing', 'no cgroup2 file system is mounted'));
    const text = await readFile(join(this.#procfs, `${pid}/cgroup`), 'utf8').catch(() => '');
    const path = findContainerCgroup(text, names);
    if (path === undefined) {
      return fail(
        unresolved(pid, 'CgroupUnknown', `no cgroup named ${names.join(' or ')} holds the process`),
      );
    }
    const found = await stat(join(mount, path), { bigint: true }).catch(() => undefined);
    if (found === undefined) return fail(unresolved(pid, 'CgroupUnknown', `cgroup ${path} is gone`));
    return ok(found.ino);
  }
}

export function findCgroup2Mount(mounts: string): string | undefined {
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[2] === 'cgroup2')?.[1];
}

function unresolved(pid: number, reason: string, message: string): CodedError {
  return { code: 'KA_CRI_CGROUP_UNRESOLVED', reason, message, object: `process ${pid}` };
}
