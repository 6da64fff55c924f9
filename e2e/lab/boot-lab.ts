import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { ConsoleLog, isPanic } from './console-watch.ts';
import { LabError } from './errors.ts';
import { buildInitramfs } from './initramfs.ts';
import { fetchKernel } from './kernel-cache.ts';
import { startMachine } from './machine.ts';
import type { Machine } from './machine.ts';
import { LineSplitter, parseGuestEvent } from './protocol.ts';
import type { CaseResult, ExecOutcome, GuestEvent, HostRequest } from './protocol.ts';
import { CHECKOUT, defaultCacheDir } from './checkout.ts';
import { writeRunFolder } from './run-folder.ts';
import type { Job } from './run-folder.ts';

export interface LabSettings {
  readonly kernel: string;
  readonly cacheDir?: string;
  readonly memoryMiB?: number;
  readonly cpus?: number;
  readonly icount?: boolean;
  /** Guest TCP ports to reach from the host; see `forwarded`. */
  readonly forward?: readonly number[];
  readonly kernelArgs?: readonly string[];
  /** Time from power-on to the guest's first word; default 120 s, for a busy machine. */
  readonly bootTimeoutMs?: number;
  readonly onConsole?: (line: string) => void;
  readonly onOutput?: (text: string) => void;
  readonly onEvent?: (event: GuestEvent) => void;
  readonly log?: (line: string) => void;
}

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

interface Booted {
  readonly machine: Machine;
  readonly log: ConsoleLog;
  readonly release: string;
  readonly forwarded: ReadonlyMap<number, number>;
  readonly runDir: string;
  readonly consoleFile: string;
  /** Rejects as soon as the guest is known to be lost. */
  readonly lost: Promise<never>;
  on(listener: (event: GuestEvent) => void): () => void;
  close(): Promise<void>;
}

/** Boots a guest with these scenario modules loaded. */
export async function bootLab(settings: LabSettings, modules: readonly string[] = []): Promise<RunningLab> {
  const booted = await boot(settings, { kind: 'scenarios', modules }, 'ready');
  const { machine, log } = booted;
  let lastId = 0;
  const ask = async <T>(request: (id: number) => HostRequest, limitMs: () => number, what: string): Promise<T> => {
    lastId += 1;
    const id = lastId;
    const answer = waitFor(booted, (event) => (event.event === 'reply' && event.id === id ? event : undefined), limitMs, what);
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
      const grace = 45_000;
      let limit = 60_000;
      const off = booted.on((event) => {
        if (event.event === 'scenario-start' && event.scenario === scenario) limit = event.timeoutMs;
      });
      try {
        return await ask((id) => ({ id, request: 'run', scenario }), () => limit + grace, `scenario ${scenario}`);
      } finally {
        off();
      }
    },
    exec: (argv, timeoutMs = 60_000) =>
      ask((id) => ({ id, request: 'exec', argv, timeoutMs, background: false }), () => timeoutMs + 15_000, `exec ${argv.join(' ')}`),
    spawn: (argv) => ask((id) => ({ id, request: 'exec', argv, timeoutMs: 0, background: true }), () => 30_000, `start ${argv.join(' ')}`),
    kill: () => booted.close(),
    stop: async () => {
      try {
        machine.control.write(JSON.stringify({ id: 0, request: 'stop' } satisfies HostRequest) + '\n');
        await withDeadline(Promise.race([machine.ended, booted.lost.catch(() => machine.ended)]), () => 30_000, () => hang(booted, 'power-off', 30_000));
      } finally {
        await booted.close();
      }
      refuseComplaints(log, settings.kernel);
    },
  };
}

export interface ShellOutcome {
  readonly code: number;
  readonly console: ConsoleLog;
}

/** Boots, runs one shell command in the guest, powers off; the command's exit code. */
export async function runShell(settings: LabSettings, command: string, timeoutMs: number): Promise<ShellOutcome> {
  const booted = await boot(settings, { kind: 'shell', command }, 'booted');
  try {
    const exit = await waitFor(booted, (event) => (event.event === 'exit' ? event : undefined), () => timeoutMs, `command ${command}`);
    await withDeadline(booted.machine.ended, () => 30_000, () => hang(booted, 'power-off', 30_000));
    refuseComplaints(booted.log, settings.kernel);
    return { code: exit.code, console: booted.log };
  } finally {
    await booted.close();
  }
}

async function boot(settings: LabSettings, job: Job, until: 'ready' | 'booted'): Promise<Booted> {
  const cacheDir = settings.cacheDir ?? defaultCacheDir();
  const kernel = await fetchKernel(settings.kernel, cacheDir, settings.log ?? (() => undefined));
  const initramfs = await buildInitramfs(kernel);
  const runDir = await writeRunFolder(kernel, cacheDir, job);
  const consoleFile = `${runDir}.console.log`;
  const forwarded = new Map<number, number>();
  for (const port of settings.forward ?? []) forwarded.set(port, await freePort());
  const machine = await startMachine({
    vmlinuz: kernel.vmlinuz,
    initramfs,
    memoryMiB: settings.memoryMiB ?? 3072,
    cpus: settings.cpus ?? 2,
    icount: settings.icount ?? false,
    forwards: forwarded,
    kernelArgs: [
      'console=ttyS0',
      'loglevel=5',
      'panic=-1',
      // Soft lockups and RCU stalls only tell that the host is busy; hangs are caught by the time limits.
      'nosoftlockup',
      'rcupdate.rcu_cpu_stall_suppress=1',
      'mitigations=off',
      `ka.run=${runDir}`,
      ...hiddenPlaces([CHECKOUT, cacheDir]).map((place) => `ka.bind=${place}`),
      ...(settings.kernelArgs ?? []),
    ],
  });
  const log = new ConsoleLog();
  const listeners = new Set<(event: GuestEvent) => void>();
  let lose: (error: LabError) => void = () => undefined;
  const lost = new Promise<never>((_resolve, reject) => (lose = reject));
  lost.catch(() => undefined);
  let panic: string | undefined;

  machine.console.on('data', (chunk: Buffer) => {
    for (const line of log.push(chunk.toString())) {
      settings.onConsole?.(line);
      // QEMU ends by itself after a panic; until then the rest of the trace comes in.
      if (isPanic(line)) panic ??= line;
    }
  });
  machine.output.on('data', (chunk: Buffer) => settings.onOutput?.(chunk.toString()));
  const splitter = new LineSplitter();
  machine.control.on('data', (chunk: Buffer) => {
    for (const line of splitter.push(chunk.toString())) {
      const event = parseGuestEvent(line);
      if (event === undefined) continue;
      settings.onEvent?.(event);
      listeners.forEach((listener) => listener(event));
      if (event.event === 'exit' && event.code !== 0 && job.kind === 'scenarios') {
        lose(new LabError('KA_LAB_RUNNER', `the runner in the guest ended with ${event.code}`, log.tail(60)));
      }
    }
  });
  let closing = false;
  void machine.ended.then(({ code, stderr }) => {
    if (closing) return;
    if (panic !== undefined) lose(new LabError('KA_LAB_PANIC', `kernel ${settings.kernel}: ${panic}`, log.tail(60)));
    else lose(new LabError('KA_LAB_GUEST_DIED', `the guest ended unasked (QEMU exit ${String(code)}) ${stderr}`.trim(), log.tail(60)));
  });
  const booted: Booted = {
    machine,
    log,
    release: kernel.release,
    forwarded,
    runDir,
    consoleFile,
    lost,
    on: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => {
      if (closing) return;
      closing = true;
      await machine.kill();
      await writeFile(consoleFile, log.text + '\n');
      await rm(runDir, { recursive: true, force: true });
    },
  };
  const limit = settings.bootTimeoutMs ?? 120_000;
  try {
    await waitFor(booted, (event) => (event.event === until ? event : undefined), () => limit, 'boot');
  } catch (error) {
    await booted.close();
    throw error;
  }
  return booted;
}

function waitFor<T>(booted: Booted, pick: (event: GuestEvent) => T | undefined, limitMs: () => number, what: string): Promise<T> {
  let off: () => void = () => undefined;
  const seen = new Promise<T>((resolve) => {
    off = booted.on((event) => {
      const picked = pick(event);
      if (picked !== undefined) resolve(picked);
    });
  });
  return withDeadline(Promise.race([seen, booted.lost]), limitMs, () => hang(booted, what, limitMs())).finally(off);
}

function hang(booted: Booted, what: string, limitMs: number): LabError {
  return new LabError('KA_LAB_HANG', `${what}: no answer from the guest within ${Math.round(limitMs / 1000)} s`, booted.log.tail(60));
}

function refuseComplaints(log: ConsoleLog, kernel: string): void {
  if (log.complaints.length === 0) return;
  throw new LabError('KA_LAB_KERNEL_COMPLAINT', `kernel ${kernel} complained:\n${log.complaints.join('\n')}`, log.tail(60));
}

/** The limit may grow while the work goes on, so it is looked at again when it seems to be reached. */
async function withDeadline<T>(work: Promise<T>, limitMs: () => number, late: () => LabError): Promise<T> {
  const started = Date.now();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      const left = started + limitMs() - Date.now();
      if (left <= 0) reject(late());
      else timer = setTimeout(look, Math.min(left, 500));
    };
    look();
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}

/** Places that the guest's own tmpfs mounts would hide. */
function hiddenPlaces(places: readonly string[]): string[] {
  return places.filter((place) => ['/tmp/', '/run/', '/dev/'].some((root) => place.startsWith(root)));
}

/** The port is free again when QEMU takes it; a thief in between makes QEMU end with a clear message. */
async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
