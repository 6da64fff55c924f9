import { spawn } from 'node:child_process';
import type { ExecOutcome } from '../protocol.ts';
import type { Background, RunOptions } from '../scenario.ts';

const KEEP_BYTES = 1 << 20;
const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

export function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : (signalNumbers[signal] ?? 0));
}

/** The error number as a shell reports it, so that "cannot exec" reads the same with and without a shell between. */
function spawnFailure(argv: readonly string[], error: NodeJS.ErrnoException): ExecOutcome {
  const words: Readonly<Record<string, string>> = {
    EACCES: 'Permission denied',
    ENOENT: 'No such file or directory',
    EPERM: 'Operation not permitted',
  };
  const why = words[error.code ?? ''] ?? error.message;
  return { code: error.code === 'ENOENT' ? 127 : 126, stdout: '', stderr: `${argv[0] ?? ''}: ${why}\n` };
}

/** argv that runs under a terminal of its own, made by the lab's small C program. */
function withTerminal(argv: readonly string[], ptyProgram: string, options: RunOptions): readonly string[] {
  if (options.tty === 'keep-stderr') return [ptyProgram, '--keep-stderr', '--', ...argv];
  return options.tty === true ? [ptyProgram, '--', ...argv] : argv;
}

function spawnOptions(options: RunOptions): {
  cwd?: string;
  uid?: number;
  gid?: number;
  env: NodeJS.ProcessEnv;
} {
  return {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  };
}

export function runProgram(
  argv: readonly string[],
  ptyProgram: string,
  options: RunOptions = {},
  signal?: AbortSignal,
): Promise<ExecOutcome> {
  const full = withTerminal(argv, ptyProgram, options);
  const timeoutMs = options.timeoutMs ?? 30_000;
  return new Promise((resolve, reject) => {
    const child = spawn(full[0] ?? '', full.slice(1), {
      ...spawnOptions(options),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8');
    child.stderr.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => (stdout = (stdout + chunk).slice(-KEEP_BYTES)));
    child.stderr.on('data', (chunk: string) => (stderr = (stderr + chunk).slice(-KEEP_BYTES)));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    const giveUp = (why: string): void => {
      child.kill('SIGKILL');
      // A grandchild may hold the pipes open; the caller must not wait for it.
      child.stdout.destroy();
      child.stderr.destroy();
      reject(new Error(`${argv.join(' ')}: ${why}; output so far: ${stdout}${stderr}`));
    };
    const timer = setTimeout(() => giveUp(`still running after ${timeoutMs} ms`), timeoutMs);
    const onAbort = (): void => giveUp('the scenario ran out of time');
    signal?.addEventListener('abort', onAbort, { once: true });
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    child.once('error', (error) => {
      finish();
      resolve(spawnFailure(argv, error));
    });
    child.once('close', (code, killedBy) => {
      finish();
      resolve({ code: exitCode(code, killedBy), stdout, stderr });
    });
  });
}

/**
 * What a program has left running goes with it. One process that spins makes every grace period of an emulated guest
 * wait for the turns of its vCPU, a tenth of a second each.
 */
function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function startProgram(
  argv: readonly string[],
  ptyProgram: string,
  options: RunOptions = {},
): Background {
  const full = withTerminal(argv, ptyProgram, options);
  const child = spawn(full[0] ?? '', full.slice(1), {
    ...spawnOptions(options),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  const take = (chunk: string): void => {
    output = (output + chunk).slice(-KEEP_BYTES);
    watchers.forEach((watch) => watch());
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  child.stdin.on('error', () => undefined);
  if (options.input !== undefined) child.stdin.end(options.input);
  let over = false;
  const ended = new Promise<number>((resolve) => {
    const end = (code: number): void => {
      over = true;
      watchers.forEach((watch) => watch());
      resolve(code);
    };
    child.once('error', (error) => {
      output += spawnFailure(argv, error).stderr;
      end(126);
    });
    child.once('exit', (code, signal) => end(exitCode(code, signal)));
  });
  return {
    pid: child.pid ?? -1,
    ended,
    output: () => output,
    signal: (name) => void child.kill(name),
    stop: async () => {
      if (!over) {
        child.kill('SIGTERM');
        const hard = setTimeout(() => child.kill('SIGKILL'), 2_000);
        await ended;
        clearTimeout(hard);
      }
      endGroup(child.pid);
      return ended;
    },
    waitFor: (pattern, timeoutMs = 30_000) =>
      new Promise((resolve, reject) => {
        const finish = (settle: () => void): void => {
          clearTimeout(timer);
          watchers.delete(look);
          settle();
        };
        const look = (): void => {
          const match = pattern.exec(output);
          if (match !== null) finish(() => resolve(match));
          else if (over)
            finish(() =>
              reject(
                new Error(
                  `${argv.join(' ')} ended before ${String(pattern)} appeared: ${output.slice(-2000)}`,
                ),
              ),
            );
        };
        const timer = setTimeout(
          () =>
            finish(() =>
              reject(
                new Error(
                  `${argv.join(' ')}: no ${String(pattern)} within ${timeoutMs} ms: ${output.slice(-2000)}`,
                ),
              ),
            ),
          timeoutMs,
        );
        watchers.add(look);
        look();
      }),
  };
}
