import { rm, writeFile } from 'node:fs/promises';
import { CHECKOUT, defaultCacheDir } from './checkout.ts';
import { ConsoleLog, PANIC, isPanic } from './console-watch.ts';
import { withDeadline } from './deadline.ts';
import { LabError } from './errors.ts';
import { freePort } from './free-port.ts';
import { buildInitramfs } from './initramfs.ts';
import { fetchKernel } from './kernel-cache.ts';
import { startMachine } from './machine.ts';
import type { Machine } from './machine.ts';
import { LineSplitter, parseGuestEvent } from './protocol.ts';
import type { GuestEvent } from './protocol.ts';
import { writeRunFolder } from './run-folder.ts';
import type { Job } from './run-folder.ts';

export interface LabSettings {
  readonly kernel: string;
  readonly cacheDir?: string;
  readonly memoryMiB?: number;
  readonly cpus?: number;
  readonly icount?: boolean;
  /** Environment of the guest's programs, beside the lab's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Guest TCP ports to reach from the host; see `forwarded`. */
  readonly forward?: readonly number[];
  readonly kernelArgs?: readonly string[];
  /** Time from power-on to the guest's first word; default 120 s, for a busy machine. */
  readonly bootTimeoutMs?: number;
  /** How long after a scenario's own limit the guest may stay silent before it counts as hung; default 45 s. */
  readonly graceMs?: number;
  readonly onConsole?: (line: string) => void;
  readonly onOutput?: (text: string) => void;
  readonly onEvent?: (event: GuestEvent) => void;
  readonly log?: (line: string) => void;
}

/** A machine whose first job has begun, with the ends of its console and control port. */
export interface Guest {
  readonly machine: Machine;
  readonly log: ConsoleLog;
  readonly release: string;
  readonly forwarded: ReadonlyMap<number, number>;
  readonly runDir: string;
  readonly consoleFile: string;
  /** Rejects as soon as the guest is known to be lost. */
  readonly lost: Promise<never>;
  on(listener: (event: GuestEvent) => void): () => void;
  /** Makes the kernel panic by an NMI; from then on the guest's end is expected. */
  interrupt(patienceMs: number): Promise<void>;
  close(): Promise<void>;
}

export async function bootGuest(settings: LabSettings, job: Job, until: 'ready' | 'booted'): Promise<Guest> {
  const cacheDir = settings.cacheDir ?? defaultCacheDir();
  const kernel = await fetchKernel(settings.kernel, cacheDir, settings.log ?? (() => undefined));
  const initramfs = await buildInitramfs(kernel);
  const runDir = await writeRunFolder(kernel, cacheDir, job, settings.env ?? {});
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
      // A hang is answered with an NMI: the panic it makes prints all tasks.
      'unknown_nmi_panic',
      'panic_print=0x1',
      // Soft lockups and RCU stalls only tell that the host is busy; hangs are caught by the time limits.
      'nosoftlockup',
      // Nor may the boot-time check of the timer interrupt fail for that reason.
      'no_timer_check',
      // The first memory cgroup patches kernel code (memcg_kmem_online_key); under the emulator another CPU may trap on it.
      'cgroup.memory=nokmem,nosocket',
      'rcupdate.rcu_cpu_stall_suppress=1',
      'mitigations=off',
      `ka.run=${runDir}`,
      ...hiddenPlaces([CHECKOUT, cacheDir]).map((place) => `ka.bind=${place}`),
      ...(settings.kernelArgs ?? []),
    ],
  }).catch(async (error: unknown) => {
    await rm(runDir, { recursive: true, force: true });
    throw error;
  });
  const log = new ConsoleLog();
  const listeners = new Set<(event: GuestEvent) => void>();
  let lose: (error: LabError) => void = () => undefined;
  const lost = new Promise<never>((_resolve, reject) => (lose = reject));
  lost.catch(() => undefined);
  let panic: string | undefined;

  for (const stream of [machine.console, machine.output, machine.control]) stream.setEncoding('utf8');
  machine.console.on('data', (chunk: string) => {
    for (const line of log.push(chunk)) {
      settings.onConsole?.(line);
      // QEMU ends by itself after a panic; until then the rest of the trace comes in.
      if (isPanic(line)) panic ??= line;
    }
  });
  machine.output.on('data', (chunk: string) => settings.onOutput?.(chunk));
  const splitter = new LineSplitter();
  machine.control.on('data', (chunk: string) => {
    for (const line of splitter.push(chunk)) {
      const event = parseGuestEvent(line);
      if (event === undefined) continue;
      settings.onEvent?.(event);
      listeners.forEach((listener) => listener(event));
      if (event.event === 'exit' && event.code !== 0 && job.kind === 'scenarios') {
        lose(new LabError('KA_LAB_RUNNER', `the runner in the guest ended with ${event.code}`, log.tail(60)));
      }
    }
  });
  let isEndExpected = false;
  let isClosed = false;
  void machine.ended.then(({ code, stderr }) => {
    if (isEndExpected) return;
    if (panic !== undefined)
      lose(new LabError('KA_LAB_PANIC', `kernel ${settings.kernel}: ${panic}`, log.around(PANIC, 30, 40)));
    else
      lose(
        new LabError(
          'KA_LAB_GUEST_DIED',
          `the guest ended unasked (QEMU exit ${String(code)}) ${stderr}`.trim(),
          log.tail(60),
        ),
      );
  });
  const guest: Guest = {
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
    interrupt: (patienceMs) => {
      isEndExpected = true;
      return machine.interrupt(patienceMs);
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      isEndExpected = true;
      await machine.kill();
      await writeFile(consoleFile, log.text + '\n');
      await rm(runDir, { recursive: true, force: true });
    },
  };
  const limit = settings.bootTimeoutMs ?? 120_000;
  try {
    await waitFor(
      guest,
      (event) => (event.event === until ? event : undefined),
      () => limit,
      'boot',
    );
  } catch (error) {
    await guest.close();
    throw error;
  }
  return guest;
}

export function waitFor<T>(
  guest: Guest,
  pick: (event: GuestEvent) => T | undefined,
  limitMs: () => number,
  what: string,
): Promise<T> {
  let off: () => void = () => undefined;
  const seen = new Promise<T>((resolve) => {
    off = guest.on((event) => {
      const picked = pick(event);
      if (picked !== undefined) resolve(picked);
    });
  });
  return withDeadline(Promise.race([seen, guest.lost]), limitMs, () => hang(guest, what, limitMs())).finally(
    off,
  );
}

/** An NMI makes a stuck kernel panic, so that the console log ends with what every task was doing. */
export async function hang(guest: Guest, what: string, limitMs: number): Promise<LabError> {
  const tail = guest.log.tail(60);
  await guest.interrupt(5_000);
  return new LabError(
    'KA_LAB_HANG',
    `${what}: no answer from the guest within ${Math.round(limitMs / 1000)} s`,
    `${tail}\n(an NMI was sent then; the console log has the tasks)`,
  );
}

export function refuseComplaints(log: ConsoleLog, kernel: string): void {
  if (log.complaints.length === 0) return;
  throw new LabError(
    'KA_LAB_KERNEL_COMPLAINT',
    `kernel ${kernel} complained:\n${log.complaints.join('\n')}`,
    log.tail(60),
  );
}

/** Places that the guest's own tmpfs mounts would hide. */
function hiddenPlaces(places: readonly string[]): string[] {
  return places.filter((place) => ['/tmp/', '/run/', '/dev/'].some((root) => place.startsWith(root)));
}
