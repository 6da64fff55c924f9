import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Lab } from '../scenario.ts';
import { clientOptions, plainLines, runcExecArgv } from './container.ts';
import type { Container, ContainerExecOptions, ContainerSpec } from './container.ts';
import { cgroupOf, imagesDir } from './containerd.ts';
import { SERVICE_ACCOUNT, createServiceAccount } from './service-account.ts';

const ROOT = '/run/ka-runc';
const CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
];

/** Runs a container by runc alone, with no daemon behind it; labels become annotations of its bundle. */
export async function runPlainContainer(lab: Lab, spec: ContainerSpec): Promise<Container> {
  const bundle = `${ROOT}/bundles/${spec.name}`;
  const state = `${ROOT}/state`;
  rmSync(bundle, { recursive: true, force: true });
  mkdirSync(`${bundle}/rootfs`, { recursive: true });
  for (const layer of readFileSync(`${imagesDir()}/${spec.image}.layers`, 'utf8').split('\n')) {
    const unpacked = await lab.run([
      '/bin/busybox',
      'tar',
      '-xf',
      `${imagesDir()}/${layer}`,
      '-C',
      `${bundle}/rootfs`,
    ]);
    assert.equal(unpacked.code, 0, `unpacking ${layer}: ${unpacked.stderr}`);
  }
  writeFileSync(`${bundle}/config.json`, JSON.stringify(bundleConfig(spec)));
  // A detached container keeps runc's standard streams open, so they must not be the lab's pipes.
  const script = `exec runc --root ${state} run --detach --bundle ${bundle} --pid-file ${bundle}/pid ${spec.name} </dev/null >${bundle}/log 2>&1`;
  const started = await lab.run(['/bin/sh', '-c', script]);
  assert.equal(started.code, 0, `container ${spec.name}: ${readFileSync(`${bundle}/log`, 'utf8')}`);
  const pid = Number(readFileSync(`${bundle}/pid`, 'utf8'));
  const argvFor = (argv: readonly string[], options: ContainerExecOptions): string[] => {
    assert.notEqual(options.through, 'containerd', `${spec.name} is a container of runc alone`);
    return runcExecArgv(state, spec.name, argv, options);
  };
  const container: Container = {
    name: spec.name,
    image: spec.image,
    labels: spec.labels ?? {},
    pid,
    runtime: 'runc',
    cgroup: cgroupOf(pid),
    exec: async (argv, options = {}) =>
      plainLines(await lab.run(argvFor(argv, options), clientOptions(options)), options),
    shell: (script2, options) => container.exec(['/bin/sh', '-c', script2], options),
    start: (argv, options = {}) => lab.start(argvFor(argv, options), clientOptions(options)),
    remove: async () => {
      if (existsSync(`/proc/${pid}`))
        await lab.run(['runc', '--root', state, 'delete', '--force', spec.name]);
      rmSync(bundle, { recursive: true, force: true });
    },
  };
  lab.defer(() => container.remove());
  return container;
}

function bundleConfig(spec: ContainerSpec): unknown {
  const capabilities = [...CAPABILITIES, ...(spec.addCapabilities ?? [])].map((name) =>
    name.startsWith('CAP_') ? name : `CAP_${name}`,
  );
  const mounts = [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    ...(spec.mounts ?? []).map((mount) => ({
      destination: mount.target,
      type: 'bind',
      source: mount.source,
      options: ['rbind', mount.readOnly === true ? 'ro' : 'rw'],
    })),
    ...(spec.serviceAccount === false
      ? []
      : [
          {
            destination: SERVICE_ACCOUNT,
            type: 'bind',
            source: createServiceAccount(`/run/ka-service-account/${spec.name}`),
            options: ['rbind', 'ro'],
          },
        ]),
  ];
  const namespaces = [
    'pid',
    'ipc',
    'uts',
    'mount',
    'cgroup',
    ...(spec.hostNetwork === true ? [] : ['network']),
  ];
  return {
    ociVersion: '1.0.2',
    hostname: spec.name,
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: spec.command ?? ['/pause'],
      env: [
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        ...Object.entries(spec.env ?? {}).map(([key, value]) => `${key}=${value}`),
      ],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: false,
    },
    root: { path: 'rootfs', readonly: false },
    mounts,
    annotations: spec.labels ?? {},
    linux: {
      cgroupsPath: `/ka-runc/${spec.name}`,
      namespaces: namespaces.map((type) => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
