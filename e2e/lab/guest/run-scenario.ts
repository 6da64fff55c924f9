import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { CaseResult, GuestEvent } from '../protocol.ts';
import type { Background, Lab, RunOptions, Scenario } from '../scenario.ts';
import { runProgram, startProgram } from './process.ts';

export const DEFAULT_TIMEOUT_MS = 60_000;
const CLEANUP_LIMIT_MS = 20_000;
const CGROUPS = '/sys/fs/cgroup';

export interface GuestSettings {
  readonly kernel: string;
  readonly ptyProgram: string;
  readonly emit: (event: GuestEvent) => void;
}

/**
 * Runs one scenario in a cgroup of its own, so that whatever it started dies with it: the runner enters the cgroup,
 * children inherit it, and at the end the runner steps out and the kernel kills the rest. Daemons are started from
 * the root cgroup.
 */
export async function runScenario(
  scenario: Scenario,
  settings: GuestSettings,
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  const { emit } = settings;
  const report = (name: string, status: CaseResult['status'], ms: number, reason?: string): void => {
    const result: CaseResult = {
      scenario: scenario.name,
      name,
      status,
      ms: Math.round(ms),
      ...(reason === undefined ? {} : { reason }),
    };
    results.push(result);
    emit({ event: 'case', result });
  };
  const timeoutMs = scenario.options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  emit({ event: 'scenario-start', scenario: scenario.name, timeoutMs });
  const began = performance.now();
  if (scenario.options.kernels !== undefined && !scenario.options.kernels.includes(settings.kernel)) {
    report('(whole scenario)', 'skipped', 0, `not meant for kernel ${settings.kernel}`);
    emit({ event: 'scenario-end', scenario: scenario.name, ms: 0 });
    return results;
  }

  const group = `${CGROUPS}/lab.${scenario.name.replaceAll(/[^\w.-]/g, '_')}`;
  mkdirSync(group, { recursive: true });
  enter(group);
  const cleanups: (() => Promise<unknown> | unknown)[] = [];
  const abort = new AbortController();
  let isOver = false;
  const lab: Lab = {
    kernel: settings.kernel,
    signal: abort.signal,
    scratch: await mkdtemp('/tmp/scenario-'),
    hostAddress: '10.0.2.2',
    log: (line) => emit({ event: 'log', line }),
    skip: (name, reason) => report(name, 'skipped', 0, reason),
    defer: (cleanup) => void cleanups.push(cleanup),
    run: (argv, options) => runProgram(argv, settings.ptyProgram, options, abort.signal),
    start: (argv, options) => startProgram(argv, settings.ptyProgram, options),
    daemon: (argv, options) => outsideCgroup(group, argv, settings, options),
    case: async (name, body) => {
      const started = performance.now();
      try {
        await orAbort(Promise.resolve(body()), abort.signal);
        report(name, 'passed', performance.now() - started);
      } catch (error) {
        report(name, 'failed', performance.now() - started, describe(error));
        if (abort.signal.aborted) throw error;
      }
    },
    until: async (what, probe, limitMs = 10_000) => {
      const deadline = performance.now() + limitMs;
      for (;;) {
        const value = await probe();
        if (value !== undefined && value !== false) return value;
        if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
        // Clean-up may still wait for things after the scenario's time is up.
        if (!isOver) abort.signal.throwIfAborted();
        await delay(20);
      }
    },
  };

  const timer = setTimeout(
    () => abort.abort(new Error(`the scenario took longer than ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    await orAbort(scenario.body(lab), abort.signal);
    if (results.length === 0)
      report('(whole scenario)', 'failed', performance.now() - began, 'it checked nothing: no case ran');
  } catch (error) {
    report('(scenario body)', 'failed', performance.now() - began, describe(error));
  } finally {
    clearTimeout(timer);
    isOver = true;
    for (const cleanup of cleanups.reverse()) {
      try {
        await Promise.race([
          cleanup(),
          delay(CLEANUP_LIMIT_MS, undefined, { ref: false }).then(() =>
            Promise.reject(new Error(`clean-up took longer than ${CLEANUP_LIMIT_MS} ms`)),
          ),
        ]);
      } catch (error) {
        report('(clean-up)', 'failed', 0, describe(error));
      }
    }
    enter(CGROUPS);
    await dissolve(group);
  }
  emit({ event: 'scenario-end', scenario: scenario.name, ms: Math.round(performance.now() - began) });
  return results;
}

function enter(group: string): void {
  writeFileSync(`${group}/cgroup.procs`, String(process.pid));
}

function outsideCgroup(
  group: string,
  argv: readonly string[],
  settings: GuestSettings,
  options?: RunOptions,
): Background {
  enter(CGROUPS);
  try {
    return startProgram(argv, settings.ptyProgram, options);
  } finally {
    enter(group);
  }
}

async function dissolve(group: string): Promise<void> {
  writeFileSync(`${group}/cgroup.kill`, '1');
  for (let attempt = 0; attempt < 100 && existsSync(group); attempt += 1) {
    try {
      rmdirSync(group);
    } catch {
      // Dying processes leave the cgroup asynchronously; EBUSY until the last one is reaped.
      await delay(10);
    }
  }
}

function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function describe(error: unknown): string {
  return error instanceof Error
    ? (error.stack ?? error.message).split('\n').slice(0, 12).join('\n')
    : String(error);
}
