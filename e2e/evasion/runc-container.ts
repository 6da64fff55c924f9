import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecOutcome } from '../lab/index.ts';
import type { Lab } from '../lab/scenario.ts';

/** What container engines grant when nobody asks for more. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

export interface ContainerSpec {
  readonly name: string;
  readonly capabilities: readonly string[];
  /** Host folder shown read-only at /attacks; it holds the container's first program, `idle`. */
  readonly programs: string;
}

export interface Container {
  readonly name: string;
  /** Its directory below /sys/fs/cgroup. */
  readonly cgroup: string;
  /** Runs a program in it as root, as `runc exec` does. */
  run(argv: readonly string[], input?: string, timeoutMs?: number): Promise<ExecOutcome>;
  /** The command line that enters the container with that program, to be started by the caller. */
  entry(argv: readonly string[]): readonly string[];
}

/**
 * A container of the plain OCI runtime on an overlay root, as engines make it. No seccomp profile, as Kubernetes
 * starts containers unless told otherwise: system calls must be stopped by the policy, not by luck.
 */
export async function startContainer(lab: Lab, spec: ContainerSpec): Promise<Container> {
  const bundle = join(lab.scratch, spec.name);
  for (const folder of [
    'lower/attacks',
    'lower/proc',
    'lower/dev',
    'lower/sys',
    'lower/tmp',
    'lower/srv',
    'lower/vol',
    'volume',
    'upper',
    'work',
    'rootfs',
  ])
    await mkdir(join(bundle, folder), { recursive: true });
  const overlay = `lowerdir=${bundle}/lower,upperdir=${bundle}/upper,workdir=${bundle}/work`;
  await must(lab, ['mount', '-t', 'overlay', 'overlay', '-o', overlay, `${bundle}/rootfs`]);
  lab.defer(() => lab.run(['umount', '-l', `${bundle}/rootfs`]));
  await writeFile(join(bundle, 'config.json'), JSON.stringify(ociConfig(spec, `${bundle}/volume`)));
  await must(lab, ['runc', 'create', '--bundle', bundle, spec.name]);
  lab.defer(() => lab.run(['runc', 'delete', '--force', spec.name]));
  await must(lab, ['runc', 'start', spec.name]);
  const entry = (argv: readonly string[]): readonly string[] => [
    'runc',
    'exec',
    '--cwd',
    '/',
    spec.name,
    ...argv,
  ];
  return {
    name: spec.name,
    cgroup: `/sys/fs/cgroup/evasion/${spec.name}`,
    entry,
    run: (argv, input, timeoutMs = 60_000) =>
      lab.run(entry(argv), { timeoutMs, ...(input === undefined ? {} : { input }) }),
  };
}

async function must(lab: Lab, argv: readonly string[]): Promise<void> {
  // The container's first process inherits the pipes of `runc create`; a file keeps the caller from waiting for it.
  const outcome = await lab.run([
    'sh',
    '-c',
    '"$@" >"$0" 2>&1 </dev/null; code=$?; cat "$0"; exit $code',
    join(lab.scratch, 'runc.log'),
    ...argv,
  ]);
  if (outcome.code !== 0) throw new Error(`${argv.join(' ')}: ${outcome.stdout}${outcome.stderr}`);
}

function ociConfig({ name, capabilities, programs }: ContainerSpec, volume: string): unknown {
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['/attacks/idle'],
      env: ['PATH=/attacks'],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 4096, soft: 4096 }],
    },
    root: { path: 'rootfs', readonly: false },
    hostname: name,
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'],
      },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      {
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
      },
      { destination: '/attacks', type: 'bind', source: programs, options: ['rbind', 'ro'] },
      { destination: '/vol', type: 'bind', source: volume, options: ['rbind', 'rw'] },
    ],
    linux: {
      cgroupsPath: `/evasion/${name}`,
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
