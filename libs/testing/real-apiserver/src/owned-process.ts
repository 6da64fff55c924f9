import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface OwnedProcess {
  readonly isRunning: boolean;
  /** The end of what it wrote. */
  lastWords(): string;
  /** Ends it at once and waits until it is gone. */
  kill(): Promise<void>;
  /** Stops and continues it without its noticing: its connections stay and nobody answers on them. */
  freeze(): void;
  thaw(): void;
}

/** A process that the kernel ends with ours: a test runner that is killed itself cleans up nothing. */
export function startOwned(binary: string, args: readonly string[], log: string): OwnedProcess {
  const fd = openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', binary, ...args], { stdio: ['ignore', fd, fd] });
  closeSync(fd);
  let isRunning = true;
  const ended = new Promise<void>((resolve) => {
    for (const event of ['exit', 'error'] as const)
      child.once(event, () => {
        isRunning = false;
        resolve();
      });
  });
  return {
    get isRunning() {
      return isRunning;
    },
    lastWords: () => readFileSync(log, 'utf8').slice(-2000),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}
