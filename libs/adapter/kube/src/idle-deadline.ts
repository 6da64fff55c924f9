import type { Clock } from '@kubearmor-ts/life';

/** Aborts when nothing renewed it for `idleMs`. One sleeper at a time, however many lines come. */
export class IdleDeadline {
  isOver = false;
  private readonly over = new AbortController();
  private readonly clock: Clock;
  private dueMs: number;
  private readonly idleMs: number;

  constructor(clock: Clock, idleMs: number, target: AbortController) {
    this.clock = clock;
    this.idleMs = idleMs;
    this.dueMs = clock.nowMs() + idleMs;
    void this.run(target);
  }

  renew(): void {
    this.dueMs = this.clock.nowMs() + this.idleMs;
  }

  end(): void {
    this.over.abort();
  }

  private async run(target: AbortController): Promise<void> {
    while (!this.over.signal.aborted) {
      const leftMs = this.dueMs - this.clock.nowMs();
      if (leftMs <= 0) {
        this.isOver = true;
        target.abort();
        return;
      }
      await this.clock.sleep(leftMs, this.over.signal);
    }
  }
}
