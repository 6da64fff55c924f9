/** Room for the terminator is part of the kernel's bound (KA_CGROUP_NAME_LEN). */
const NAME_BYTES_MAX = 127;

/**
 * The last component of the cgroup directory that runc makes for a container. The systemd form
 * `slice:prefix:name` becomes a scope unit (runc's getUnitName); the same text is a plain path under the
 * file-system driver, and the spec does not say which driver runs, so both names are awaited.
 */
export function toCgroupNames(cgroupsPath: string, id: string): readonly string[] {
  const last = lastComponent(cgroupsPath);
  const names = [last === '' ? id : last];
  const parts = cgroupsPath.split(':');
  if (parts.length === 3 && !cgroupsPath.startsWith('/')) {
    const [, prefix, name] = parts as [string, string, string];
    names.unshift(name.endsWith('.slice') ? name : `${prefix}-${name}.scope`);
  }
  return [...new Set(names)].filter((name) => name !== '' && byteLength(name) <= NAME_BYTES_MAX);
}

/**
 * The container's own cgroup, from its init's `/proc/PID/cgroup`. An init that made sub-cgroups (systemd in a container)
 * sits deeper than the directory that belongs to the container, so the component with an awaited name is taken. Without
 * one there is no answer: a number that was reused by another process must not bind that process's cgroup.
 */
export function findContainerCgroup(procCgroup: string, names: readonly string[]): string | undefined {
  const unified = procCgroup.split('\n').find((line) => line.startsWith('0::'));
  if (unified === undefined) return undefined;
  const components = unified.slice(3).split('/');
  if (components.includes('..')) return undefined;
  for (let depth = components.length - 1; depth > 0; depth -= 1) {
    if (names.includes(components[depth] as string)) return components.slice(0, depth + 1).join('/');
  }
  return undefined;
}

function lastComponent(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? '';
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
