import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { IMAGES } from '../images/image-names.ts';
import type { ImageName } from '../images/image-names.ts';
import type { Background, Lab } from '../scenario.ts';
import { clientOptions, plainLines, runcExecArgv } from './container.ts';
import type { Container, ContainerExecOptions, ContainerSpec } from './container.ts';
import { SERVICE_ACCOUNT, createServiceAccount } from './service-account.ts';

export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

/** No plugin that the lab does not use: each costs start-up time under emulation. */
const CONFIG = `version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
`;

/** State of this boot: one daemon, images imported once, kept containers. */
const imported = new Map<string, Promise<void>>();
const kept = new Map<string, { readonly spec: string; readonly container: Container }>();
let daemon: Promise<Background> | undefined;

/** Starts containerd unless this boot already has it. */
export function startContainerd(lab: Lab): Promise<Background> {
  daemon ??= (async () => {
    mkdirSync('/etc/containerd', { recursive: true });
    writeFileSync('/etc/containerd/lab.toml', CONFIG);
    const started = lab.daemon(['/usr/bin/containerd', '--config', '/etc/containerd/lab.toml']);
    await started.waitFor(/containerd successfully booted/, 60_000);
    return started;
  })();
  return daemon;
}

/** Runs a container under containerd; it is removed with the scenario unless it is to be kept. */
export async function runContainer(lab: Lab, spec: ContainerSpec): Promise<Container> {
  await startContainerd(lab);
  const wanted = JSON.stringify(spec);
  const known = kept.get(spec.name);
  if (known !== undefined) {
    if (known.spec === wanted && existsSync(`/proc/${known.container.pid}`))
      return inScenario(lab, spec, known.container);
    await known.container.remove();
  }
  const namespace = spec.namespace ?? 'default';
  await importImage(lab, namespace, spec.image);
  const pidFile = `/run/ka-${namespace}-${spec.name}.pid`;
  const argv = [
    'ctr',
    '--namespace',
    namespace,
    'run',
    '--detach',
    '--pid-file',
    pidFile,
    ...runFlags(spec),
    IMAGES[spec.image],
    spec.name,
    ...(spec.command ?? []),
  ];
  const started = await lab.run(argv, { timeoutMs: 60_000 });
  assert.equal(started.code, 0, `container ${spec.name}: ${started.stderr}${started.stdout}`);
  const pid = Number(readFileSync(pidFile, 'utf8'));
  const container = inScenario(lab, spec, {
    name: spec.name,
    image: spec.image,
    labels: spec.labels ?? {},
    pid,
    runtime: 'containerd',
    cgroup: cgroupOf(pid),
  });
  if (spec.keep === true) kept.set(spec.name, { spec: wanted, container });
  else lab.defer(() => container.remove());
  return container;
}

type ContainerFacts = Pick<Container, 'name' | 'image' | 'labels' | 'pid' | 'runtime' | 'cgroup'>;

/** The container's verbs, bound to the scenario that uses it: its time limit, its cgroup. */
function inScenario(lab: Lab, spec: ContainerSpec, facts: ContainerFacts): Container {
  const namespace = spec.namespace ?? 'default';
  let execs = 0;
  const argvFor = (argv: readonly string[], options: ContainerExecOptions): string[] => {
    if (options.through !== 'containerd')
      return runcExecArgv(`/run/containerd/runc/${namespace}`, facts.name, argv, options);
    execs += 1;
    const user = options.uid === undefined ? [] : ['--user', `${options.uid}:${options.gid ?? options.uid}`];
    const cwd = options.cwd === undefined ? [] : ['--cwd', options.cwd];
    assert.equal(options.env, undefined, 'ctr task exec takes no environment');
    const id = `exec-${process.pid}-${Date.now()}-${execs}`;
    return [
      'ctr',
      '--namespace',
      namespace,
      'task',
      'exec',
      '--exec-id',
      id,
      ...(options.tty === true ? ['--tty'] : []),
      ...user,
      ...cwd,
      facts.name,
      ...argv,
    ];
  };
  const container: Container = {
    ...facts,
    exec: async (argv, options = {}) =>
      plainLines(await lab.run(argvFor(argv, options), clientOptions(options)), options),
    shell: (script, options) => container.exec(['/bin/sh', '-c', script], options),
    start: (argv, options = {}) => lab.start(argvFor(argv, options), clientOptions(options)),
    remove: async () => {
      kept.delete(facts.name);
      if (existsSync(`/proc/${facts.pid}`)) process.kill(facts.pid, 'SIGKILL');
      // The shim tells containerd about the death a moment later; until then the container counts as running.
      await lab.until(
        `removal of container ${facts.name}`,
        async () => {
          const removed = await lab.run(['ctr', '--namespace', namespace, 'containers', 'rm', facts.name]);
          return removed.code === 0 || /not found/.test(removed.stderr);
        },
        20_000,
      );
    },
  };
  return container;
}

function runFlags(spec: ContainerSpec): string[] {
  const mounts = (spec.mounts ?? []).map(
    (mount) =>
      `type=bind,src=${mount.source},dst=${mount.target},options=rbind:${mount.readOnly === true ? 'ro' : 'rw'}`,
  );
  if (spec.serviceAccount !== false) {
    mounts.push(
      `type=bind,src=${createServiceAccount(`/run/ka-service-account/${spec.name}`)},dst=${SERVICE_ACCOUNT},options=rbind:ro`,
    );
  }
  return [
    ...Object.entries(spec.labels ?? {}).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...Object.entries(spec.env ?? {}).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...(spec.addCapabilities ?? []).flatMap((capability) => ['--cap-add', capability]),
    ...(spec.privileged === true ? ['--privileged'] : []),
    ...(spec.hostNetwork === true ? ['--net-host'] : []),
    ...mounts.flatMap((mount) => ['--mount', mount]),
  ];
}

function importImage(lab: Lab, namespace: string, image: ImageName): Promise<void> {
  const key = `${namespace}/${image}`;
  const running = imported.get(key);
  if (running !== undefined) return running;
  const started = (async () => {
    const archive = `${imagesDir()}/${image}.tar`;
    const done = await lab.run(['ctr', '--namespace', namespace, 'images', 'import', archive], {
      timeoutMs: 120_000,
    });
    assert.equal(done.code, 0, `import of ${archive}: ${done.stderr}`);
  })();
  imported.set(key, started);
  started.catch(() => imported.delete(key));
  return started;
}

export function imagesDir(): string {
  const dir = process.env['KA_LAB_IMAGES'];
  assert.ok(dir, 'KA_LAB_IMAGES is not set: containers only exist inside the lab');
  return dir;
}

export function cgroupOf(pid: number): string {
  const line = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .find((one) => one.startsWith('0::'));
  return line?.slice(3) ?? '';
}
