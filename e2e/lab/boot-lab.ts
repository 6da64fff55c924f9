import type { ConsoleLog } from './console-watch.ts';
import { withDeadline } from './deadline.ts';
import { LabError } from './errors.ts';
import { bootGuest, hang, refuseComplaints, waitFor } from './guest-machine.ts';
import type { LabSettings } from './guest-machine.ts';
import type { CaseResult, ExecOutcome, HostRequest } from './protocol.ts';

/** A guest that is up. Everything it says is bounded by a deadline; missing one is a LabError with the console's tail. */
export interface RunningLab {
  readonly kernel: string;
  readonly release: string;
  readonly accel: 'kvm' | 'tcg';
  readonly forwarded: ReadonlyMap<number, number>;
  readonly console: ConsoleLog;
  readonly consoleFile: string;
  /** Runs one scenario by name. A guest that says nothing until the deadline has hung. */
  run(scenario: string): Promise<readonly CaseResult[]>;
  exec(argv: readonly string[], timeoutMs?: number): Promise<ExecOutcome>;
  /** Starts a program and leaves it running; its pid in the guest. */
  spawn(argv: readonly string[]): Promise<number>;
  /** Powers the guest off; rejects when the kernel complained on the console during the run. */
  stop(): Promise<void>;
  /** Pulls the plug. */
  kill(): Promise<void>;
}

/** Boots a guest with these scenario modules loaded. */
export async function bootLab(settings: LabSettings, modules: readonly string[] = []): Promise<RunningLab> {
  const booted = await bootGuest(settings, { kind: 'scenarios', modules }, 'ready');
  const { machine, log } = booted;
  let lastId = 0;
  const ask = async <T>(
    request: (id: number) => HostRequest,
    limitMs: () => number,
    what: string,
  ): Promise<T> => {
    lastId += 1;
    const id = lastId;
    const answer = waitFor(
      booted,
      (event) => (event.event === 'reply' && event.id === id ? event : undefined),
      limitMs,
      what,
    );
    machine.control.write(JSON.stringify(request(id)) + '\n');
    const reply = await answer;
    if (reply.error !== undefined) throw new LabError('KA_LAB_GUEST', `${what}: ${reply.error}`);
    return reply.value as T;
  };
  return {
    kernel: settings.kernel,
    release: booted.release,
    accel: machine.accel,
    forwarded: booted.forwarded,
    console: log,
    consoleFile: booted.consoleFile,
    run: async (scenario) => {
      // The guest ends a scenario at its own limit; the host only catches a guest that no longer can.
      const grace = settings.graceMs ?? 45_000;
      let limit = 60_000;
      const off = booted.on((event) => {
        if (event.event === 'scenario-start' && event.scenario === scenario) limit = event.timeoutMs;
      });
      try {
        return await ask(
          (id) => ({ id, request: 'run', scenario }),
          () => limit + grace,
          `scenario ${scenario}`,
        );
      } finally {
        off();
      }
    },
    exec: (argv, timeoutMs = 60_000) =>
      ask(
        (id) => ({ id, request: 'exec', argv, timeoutMs, background: false }),
        () => timeoutMs + 15_000,
        `exec ${argv.join(' ')}`,
      ),
    spawn: (argv) =>
      ask(
        (id) => ({ id, request: 'exec', argv, timeoutMs: 0, background: true }),
        () => 30_000,
        `start ${argv.join(' ')}`,
      ),
    kill: () => booted.close(),
    stop: async () => {
      try {
        machine.control.write(JSON.stringify({ id: 0, request: 'stop' } satisfies HostRequest) + '\n');
        await withDeadline(
          Promise.race([machine.ended, booted.lost.catch(() => machine.ended)]),
          () => 30_000,
          () => hang(booted, 'power-off', 30_000),
        );
      } finally {
        await booted.close();
      }
      refuseComplaints(log, settings.kernel);
    },
  };
}

export interface ShellOutcome {
  readonly code: number;
  readonly consoleFile: string;
}

/** Boots, runs one shell command in the guest, powers off; the command's exit code. */
export async function runShell(
  settings: LabSettings,
  command: string,
  timeoutMs: number,
): Promise<ShellOutcome> {
  const booted = await bootGuest(settings, { kind: 'shell', command }, 'booted');
  try {
    const exit = await waitFor(
      booted,
      (event) => (event.event === 'exit' ? event : undefined),
      () => timeoutMs,
      `command ${command}`,
    );
    await withDeadline(
      booted.machine.ended,
      () => 30_000,
      () => hang(booted, 'power-off', 30_000),
    );
    refuseComplaints(booted.log, settings.kernel);
    return { code: exit.code, consoleFile: booted.consoleFile };
  } finally {
    await booted.close();
  }
}
