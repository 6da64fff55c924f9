import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Exit } from './errors.ts';

/** A started enforcer, real or fake. */
export interface EnforcerProcess {
  readonly pid: number | undefined;
  readonly commands: Writable;
  readonly frames: Readable;
  /** Human text, line by line. */
  onLine(listener: (line: string) => void): void;
  /** Resolves once, when the process is gone and all it wrote has been read. */
  readonly exited: Promise<Exit>;
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
}

const MAX_LINE = 2000;

export interface SpawnOptions {
  readonly binary: string;
  readonly args?: readonly string[];
}

export const spawnEnforcer = ({ binary, args = [] }: SpawnOptions): EnforcerProcess => {
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] });
  const commands = child.stdio[3] as Writable;
  const frames = child.stdio[4] as Readable;
  const listeners: ((line: string) => void)[] = [];
  let rest = '';
  // A write to an ended process fails here and shows as its exit.
  commands.on('error', () => undefined);
  frames.on('error', () => undefined);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) for (const listener of listeners) listener(line.slice(0, MAX_LINE));
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (spawnError) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, spawnError });
    });
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    pid: child.pid,
    commands,
    frames,
    onLine: (listener) => void listeners.push(listener),
    exited,
    kill: (signal) => void child.kill(signal),
  };
};
