import { spawn } from 'node:child_process';

export type ParserEnd =
  | { readonly kind: 'exit'; readonly status: number; readonly output: string }
  | { readonly kind: 'missing'; readonly output: string }
  | { readonly kind: 'timeout'; readonly output: string };

/** Runs the parser over a text and says how it ended; what it prints is kept up to a limit. */
export type RunParser = (args: readonly string[], text: string, signal?: AbortSignal) => Promise<ParserEnd>;

const MAX_OUTPUT = 16 * 1024;

export interface ParserProcess {
  readonly command: string;
  readonly timeoutMs: number;
}

export const defaultParser: ParserProcess = { command: 'apparmor_parser', timeoutMs: 30_000 };

export function createParser({ command, timeoutMs }: ParserProcess = defaultParser): RunParser {
  return (args, text, signal) =>
    new Promise((resolve) => {
      const limit = AbortSignal.any([
        AbortSignal.timeout(timeoutMs),
        ...(signal === undefined ? [] : [signal]),
      ]);
      const child = spawn(command, args, {
        stdio: ['pipe', 'pipe', 'pipe'],
        signal: limit,
        killSignal: 'SIGKILL',
        env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      });
      let output = '';
      const keep = (chunk: Buffer): void => {
        if (output.length < MAX_OUTPUT)
          output += chunk.toString('latin1').slice(0, MAX_OUTPUT - output.length);
      };
      child.stdout.on('data', keep);
      child.stderr.on('data', keep);
      // A parser that ends early closes its input; its exit status says why.
      child.stdin.on('error', () => undefined);
      child.once('error', (error) => {
        if (limit.aborted) resolve({ kind: 'timeout', output });
        else resolve({ kind: 'missing', output: error.message });
      });
      child.once('close', (status) => {
        resolve(status === null ? { kind: 'timeout', output } : { kind: 'exit', status, output });
      });
      child.stdin.end(text, 'latin1');
    });
}
