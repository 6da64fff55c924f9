import type { Background, Lab } from '../lab/scenario.ts';
import type { Container } from './runc-container.ts';

/** What a process that attacks without pause has seen. */
export interface HammerCounts {
  readonly tries: number;
  readonly escaped: number;
  readonly denied: number;
  readonly otherErrors: number;
  readonly lastOther: number;
  /** Opens of a free file that failed: a machine that denies everything proves nothing. */
  readonly freeFailed: number;
}

export interface HammerTarget {
  readonly mode: 'open' | 'exec';
  readonly path: string;
  readonly free: string;
  readonly pauseUs: number;
}

/** Attacks from inside the container until stopped. */
export async function startHammer(
  lab: Lab,
  container: Container,
  { mode, path, free, pauseUs }: HammerTarget,
): Promise<{ stop(): Promise<HammerCounts> }> {
  const running: Background = lab.start(
    container.entry(['/attacks/hammer', mode, path, free, String(pauseUs)]),
  );
  await running.waitFor(/hammering/);
  return {
    stop: async () => {
      running.signal('SIGTERM');
      const [line] = await running.waitFor(/\{"tries".*\}/, 20_000);
      await running.stop();
      return JSON.parse(line) as HammerCounts;
    },
  };
}
