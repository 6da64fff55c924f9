import type { Clock } from '@kubearmor-ts/life';

/**
 * Runs work that cannot be called off, one at a time, and answers in time all the same: work that takes too long goes
 * on, and nothing else begins before it has ended.
 */
export class OneAtATime {
  private running: Promise<unknown> = Promise.resolve();
  private isBusy = false;
  private readonly clock: Clock;
  private readonly timeoutMs: number;

  constructor(clock: Clock, timeoutMs: number) {
    this.clock = clock;
    this.timeoutMs = timeoutMs;
  }

  /** Rejects as the work does, or when the time is over or the signal fires. */
  async run(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const late = this.clock.sleep(this.timeoutMs, AbortSignal.any([signal, done.signal])).then(() => {
      throw new Error(signal.aborted ? 'stopped' : 'the write takes too long');
    });
    try {
      await Promise.race([this.running, late]);
      this.isBusy = true;
      const mine = work().finally(() => (this.isBusy = false));
      this.running = mine.catch(() => undefined);
      await Promise.race([mine, late]);
    } finally {
      done.abort();
      late.catch(() => undefined);
    }
  }

  /** Waits for what runs, no longer than the time limit. */
  async settle(): Promise<void> {
    if (!this.isBusy) return;
    const done = new AbortController();
    await Promise.race([this.running, this.clock.sleep(this.timeoutMs, done.signal)]);
    done.abort();
  }
}
