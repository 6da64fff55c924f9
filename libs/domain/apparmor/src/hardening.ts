/*
 * What every profile has beside the rules. Containers talk among their own processes and are signalled by their runtime;
 * kernel interfaces that undo a container are out of reach unless the container is privileged. The same text stands in
 * every profile of a workload, so that a rule for one program never opens what is closed for all.
 */

const WRITES = 'wlk';
const EVERYTHING = 'rwmlk';

const kernelInterfaces: readonly string[] = [
  // Below /sys only the cgroup tree is writable.
  ...['{[^\\000f]**,f[^\\000s]**,fs[^\\000/]**}', 'fs/{[^\\000c]**,c[^\\000g]**,cg[^\\000r]**}'].map(
    (names) => `deny "/sys/${names}" ${WRITES},`,
  ),
  `deny "/sys/firmware/efi/efivars/**" ${EVERYTHING},`,
  `deny "/sys/kernel/security/**" ${EVERYTHING},`,
  // Below /proc only the processes' own directories and the shared memory settings are.
  `deny "/proc/*" ${WRITES},`,
  `deny "/proc/[^\\0000-9]**" x,`,
  `deny "/proc/[^\\0000-9s]*/**" ${WRITES},`,
  `deny "/proc/s[^\\000y]*/**" ${WRITES},`,
  `deny "/proc/sys/{[^\\000k]**,k[^\\000e]**}" ${WRITES},`,
  `deny "/proc/sys/kernel/{?,??,[^\\000s]**,s[^\\000h]**,sh[^\\000m]**}" ${WRITES},`,
  ...['sysrq-trigger', 'mem', 'kmem', 'kcore'].map((name) => `deny "/proc/${name}" ${EVERYTHING},`),
];

/** `family` is a pattern for the workload's own profiles. */
export function commonLines(family: string, isPrivileged: boolean): readonly string[] {
  if (isPrivileged)
    return ['signal,', 'ptrace,', 'unix,', 'dbus,', 'mount,', 'remount,', 'umount,', 'pivot_root,'];
  return [
    'signal (receive),',
    `signal (send) peer="${family}",`,
    'ptrace (readby, tracedby),',
    `ptrace (read, trace) peer="${family}",`,
    'unix,',
    ...kernelInterfaces,
  ];
}
