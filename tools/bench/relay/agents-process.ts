import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { AgentsOrder, AgentsTold } from './agents.ts';

/** The agents of a bench, as seen from it. */
export class AgentsProcess {
  readonly ports: readonly number[];
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, ports: readonly number[]) {
    this.child = child;
    this.ports = ports;
  }

  static async start(order: AgentsOrder): Promise<AgentsProcess> {
    const child = forkHere('agents.ts', JSON.stringify(order));
    const { ports } = await answer<AgentsTold>(child);
    return new AgentsProcess(child, ports ?? []);
  }

  begin(): void {
    this.child.send('begin');
  }

  ask(): Promise<AgentsTold> {
    this.child.send('tell');
    return answer<AgentsTold>(this.child);
  }

  stop(): Promise<void> {
    return ended(this.child);
  }
}

export function forkHere(file: string, ...words: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), words, { execArgv: ['--conditions=ka-source'] });
}

export const answer = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const gone = (code: number | null): void =>
      reject(new Error(`a bench process ended with ${String(code)}`));
    child.once('exit', gone);
    child.once('message', (message) => {
      child.off('exit', gone);
      resolve(message as T);
    });
  });

export async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  if (child.connected) child.disconnect();
  await gone;
}
