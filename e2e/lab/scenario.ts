import type { ExecOutcome } from './protocol.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  readonly input?: string;
  /** Default 30 s; a program that takes longer is killed and the call rejects. */
  readonly timeoutMs?: number;
  /** Give the program a controlling terminal; stdout then carries stderr too, unless that is to be kept apart. */
  readonly tty?: boolean | 'keep-stderr';
}

/** A program left running in the guest. */
export interface Background {
  readonly pid: number;
  /** Everything written so far, both streams, the last 1 MiB of it. */
  output(): string;
  /** Resolves with the match once the output contains it; rejects when the program ends first or time runs out. */
  waitFor(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after two seconds; resolves with the exit code (128 + signal when killed). */
  stop(): Promise<number>;
  readonly ended: Promise<number>;
}

/** What a scenario can do in the guest. */
export interface Lab {
  /** Name in the kernel table, e.g. `6.12`. */
  readonly kernel: string;
  /** Fires when the scenario's time is up. */
  readonly signal: AbortSignal;
  /** An empty folder on tmpfs, the scenario's own. */
  readonly scratch: string;
  /** Address at which the host's loopback servers are reachable. */
  readonly hostAddress: string;
  /** Checks one promise: resolves whether or not it held, a rejection of the body is a failed case. */
  case(name: string, body: () => Promise<void> | void): Promise<void>;
  skip(name: string, reason: string): void;
  log(line: string): void;
  run(argv: readonly string[], options?: RunOptions): Promise<ExecOutcome>;
  start(argv: readonly string[], options?: RunOptions): Background;
  /** Like start, but outlives the scenario: for daemons that later scenarios share. */
  daemon(argv: readonly string[], options?: RunOptions): Background;
  /** Runs after the scenario, last registered first, also when it failed. */
  defer(cleanup: () => Promise<unknown> | unknown): void;
  /** Polls until the probe gives something other than undefined or false. */
  until<T>(
    what: string,
    probe: () => Promise<T | undefined | false> | T | undefined | false,
    timeoutMs?: number,
  ): Promise<T>;
}

/** Where a scenario's host side may put what the guest will need; the guest sees the folder as `KA_CACHE_DIR`. */
export interface HostPlaces {
  readonly checkout: string;
  readonly cacheDir: string;
}

export interface ScenarioOptions {
  /** Runs on the host before the guest boots, for builds; kernels run side by side, so it may run twice at once. */
  readonly prepare?: (host: HostPlaces) => Promise<void>;
  /** Default 60 s of guest wall time. */
  readonly timeoutMs?: number;
  /** Kernels on which it makes sense; elsewhere it counts as skipped. */
  readonly kernels?: readonly string[];
  /** Left out of `--scenario all`; runs only when named (the lab's own failure tests, benchmarks). */
  readonly onlyByName?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly options: ScenarioOptions;
  readonly body: (lab: Lab) => Promise<void>;
}

/**
 * One registry for each JavaScript realm, also when this module was bundled twice: the host reads names from it, the
 * guest runs bodies from it.
 */
const key = Symbol.for('kubearmor-ts.lab.scenarios');
const holder = globalThis as { [key]?: Map<string, Scenario> };
const registry = (holder[key] ??= new Map<string, Scenario>());

export function scenario(name: string, body: (lab: Lab) => Promise<void>): void;
export function scenario(name: string, options: ScenarioOptions, body: (lab: Lab) => Promise<void>): void;
export function scenario(
  name: string,
  optionsOrBody: ScenarioOptions | ((lab: Lab) => Promise<void>),
  body?: (lab: Lab) => Promise<void>,
): void {
  if (registry.has(name)) throw new Error(`two scenarios are called "${name}"`);
  if (typeof optionsOrBody === 'function') registry.set(name, { name, options: {}, body: optionsOrBody });
  else if (body !== undefined) registry.set(name, { name, options: optionsOrBody, body });
}

export function registeredScenarios(): readonly Scenario[] {
  return [...registry.values()];
}
