import type { ImageName } from '../images/image-names.ts';
import type { ExecOutcome } from '../protocol.ts';
import type { Background, RunOptions } from '../scenario.ts';

export interface ContainerSpec {
  readonly name: string;
  readonly image: ImageName;
  readonly labels?: Readonly<Record<string, string>>;
  /** containerd's namespace, default `default`; Kubernetes uses `k8s.io`. */
  readonly namespace?: string;
  /** First process; default the image's `/pause`, which no test blocks. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly addCapabilities?: readonly string[];
  readonly privileged?: boolean;
  readonly hostNetwork?: boolean;
  readonly mounts?: readonly {
    readonly source: string;
    readonly target: string;
    readonly readOnly?: boolean;
  }[];
  /** A service-account token folder as a kubelet mounts it; default true. */
  readonly serviceAccount?: boolean;
  /** Survives the scenario; a later run with the same specification gets the same container. */
  readonly keep?: boolean;
}

export interface ContainerExecOptions {
  /**
   * A controlling terminal, as `kubectl exec -t` gives; stdout then carries the program's stderr too. What the runtime
   * itself complains about (a program it may not start) is on stderr either way.
   */
  readonly tty?: boolean;
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
  /**
   * `runc` (default) asks the low-level runtime, which is what containerd's shim does in the end and costs half the
   * time; `containerd` goes all the way.
   */
  readonly through?: 'runc' | 'containerd';
}

export interface Container {
  readonly name: string;
  readonly image: ImageName;
  readonly labels: Readonly<Record<string, string>>;
  /** First process, in the guest's pid namespace. */
  readonly pid: number;
  readonly runtime: 'containerd' | 'runc';
  /** Path below /sys/fs/cgroup. */
  readonly cgroup: string;
  exec(argv: readonly string[], options?: ContainerExecOptions): Promise<ExecOutcome>;
  /** `sh -c` in the container. */
  shell(script: string, options?: ContainerExecOptions): Promise<ExecOutcome>;
  start(argv: readonly string[], options?: ContainerExecOptions): Background;
  remove(): Promise<void>;
}

/** argv of the low-level runtime for one program in a running container. */
export function runcExecArgv(
  root: string,
  name: string,
  argv: readonly string[],
  options: ContainerExecOptions,
): string[] {
  const user = options.uid === undefined ? [] : ['--user', `${options.uid}:${options.gid ?? options.uid}`];
  const cwd = options.cwd === undefined ? [] : ['--cwd', options.cwd];
  const env = Object.entries(options.env ?? {}).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  return [
    'runc',
    '--root',
    root,
    'exec',
    ...(options.tty === true ? ['--tty'] : []),
    ...user,
    ...cwd,
    ...env,
    name,
    ...argv,
  ];
}

/** The runtime client's side of an exec: its own terminal, input and time limit. */
export function clientOptions(options: ContainerExecOptions): RunOptions {
  return {
    ...(options.tty === true ? { tty: 'keep-stderr' } : {}),
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  };
}

/** A terminal inside the container ends lines with \r\n; what a test compares are lines. */
export function plainLines(outcome: ExecOutcome, options: ContainerExecOptions): ExecOutcome {
  return options.tty === true ? { ...outcome, stdout: outcome.stdout.replaceAll(/\r+\n/g, '\n') } : outcome;
}
