import { spawn } from 'node:child_process';

export interface Running {
  output(): string;
  errors(): string;
  /** Resolves once the probe gives something; rejects when the program ends first or time runs out. */
  until<T>(what: string, probe: () => T | undefined | Promise<T | undefined>, timeoutMs: number): Promise<T>;
  stop(): Promise<void>;
}

/** A program of ours, its output kept. */
export function startProgram(argv: readonly string[]): Running {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    output: () => text.out,
    errors: () => text.err,
    until: async (what, probe, timeoutMs) => {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const value = await probe();
        if (value !== undefined) return value;
        if (child.exitCode !== null || Date.now() > deadline) {
          throw new Error(
            `${what} did not come about; ${argv.join(' ')} said:\n${(text.err + text.out).slice(-3000)}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
