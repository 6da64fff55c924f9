import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { buildGoTool } from './go-tool.ts';

/** What the client prints: see tools/stock-client/main.go. */
export interface StockLine {
  readonly kind: 'health' | 'alert' | 'log' | 'message' | 'end' | 'failed';
  readonly stream?: 'alerts' | 'logs' | 'messages';
  /** The event as Go's encoding/json prints KubeArmor's own struct. */
  readonly json?: string;
  /** Numbers of the fields this version of the published module does not know. */
  readonly unknown?: readonly number[];
  readonly nonce?: number;
  readonly echo?: number;
  readonly code?: string;
  readonly message?: string;
}

/** The binary, or why there is none on this machine. */
export const buildStockClient = (): ReturnType<typeof buildGoTool> => buildGoTool('stock-client');

export interface StockClient {
  /** Grows while the client runs. */
  readonly lines: readonly StockLine[];
  /** Resolves once `isEnough` holds for the lines; rejects when the client ends before. */
  until(isEnough: (lines: readonly StockLine[]) => boolean): Promise<readonly StockLine[]>;
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
}

export function runStockClient(binary: string, args: readonly string[]): StockClient {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: StockLine[] = [];
  const waiters = new Set<() => void>();
  let said = '';
  let hasEnded = false;
  const wake = (): void => {
    for (const waiter of [...waiters]) waiter();
  };
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (text) => {
    lines.push(JSON.parse(text) as StockLine);
    wake();
  });
  const read = new Promise<void>((resolve) => reader.once('close', () => resolve()));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => void read.then(() => resolve(code)));
  });
  void ended
    .catch((failure: unknown) => (said += String(failure)))
    .then(() => {
      hasEnded = true;
      wake();
    });
  return {
    lines,
    ended,
    until: (isEnough) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (isEnough(lines)) resolve(lines);
          else if (hasEnded)
            reject(new Error(`the stock client ended after ${JSON.stringify(lines)} ${said}`));
          else return;
          waiters.delete(look);
        };
        waiters.add(look);
        look();
      }),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
