import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface JavaServer {
  /** What it said until it was ready. */
  readonly said: string;
  stop(): Promise<void>;
}

export interface JavaPlace {
  readonly args: readonly string[];
  readonly cwd: string;
  /** Everything the server says goes here. */
  readonly log: string;
  readonly isReady: (said: string) => boolean;
}

/** Resolves when the server is ready; rejects with the end of its log when it does not come up. */
export async function startJava({ args, cwd, log, isReady }: JavaPlace): Promise<JavaServer> {
  const fd = openSync(log, 'w');
  // The first compiler only and one collector: a test server starts in a third of the time.
  const child = spawn('java', ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...args], {
    cwd,
    stdio: ['ignore', fd, fd],
  });
  closeSync(fd);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const deadline = Date.now() + 120_000;
  for (;;) {
    const said = readFileSync(log, 'utf8');
    if (isReady(said)) return { said, stop };
    if (child.exitCode !== null || child.pid === undefined || Date.now() > deadline) {
      await stop();
      throw new Error(`the server did not start: ${said.slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
