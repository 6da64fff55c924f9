/** Time as a parameter. Wall time is for people and wire formats, the monotonic one for measuring. */
export interface Clock {
  /** Unix nanoseconds. */
  wallNs(): bigint;
  /** Milliseconds that never run backwards. */
  nowMs(): number;
  /** Resolves after the time or as soon as the signal fires, whichever comes first; it never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export function createRealClock(): Clock {
  return {
    wallNs: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
    nowMs: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) {
          resolve();
          return;
        }
        const end = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        signal.addEventListener('abort', end, { once: true });
      }),
  };
}

/** A clock that moves only when told to. */
export class FakeClock implements Clock {
  private elapsedMs = 0;
  private readonly startNs: bigint;
  private readonly sleepers = new Set<{ readonly dueMs: number; readonly wake: () => void }>();

  constructor(startNs = 1_700_000_000_000_000_000n) {
    this.startNs = startNs;
  }

  wallNs(): bigint {
    return this.startNs + BigInt(this.elapsedMs) * 1_000_000n;
  }

  nowMs(): number {
    return this.elapsedMs;
  }

  /** How many wait on this clock. */
  get sleeping(): number {
    return this.sleepers.size;
  }

  /** The earliest moment somebody waits for, in `nowMs` terms. */
  get nextDueMs(): number | undefined {
    const due = [...this.sleepers].map((sleeper) => sleeper.dueMs);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const wake = (): void => {
        this.sleepers.delete(sleeper);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { dueMs: this.elapsedMs + ms, wake };
      this.sleepers.add(sleeper);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  /** Moves on and wakes, in order of their time, those whose time has come. */
  async advance(ms: number): Promise<void> {
    const target = this.elapsedMs + ms;
    for (;;) {
      // Lets those who are running go on, so that what they wait for next is seen here.
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
      const due = [...this.sleepers].filter((sleeper) => sleeper.dueMs <= target);
      const next = due.sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.elapsedMs = Math.max(this.elapsedMs, next.dueMs);
      next.wake();
    }
    this.elapsedMs = target;
  }
}
