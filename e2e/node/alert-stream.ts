import { createLogClient } from '@kubearmor-ts/stream';

export type SeenAlert = Readonly<Record<string, unknown>>;

/** Every alert the agent has streamed to a client since this boot's agent was first watched, in order. */
export class AlertStream {
  readonly seen: SeenAlert[] = [];
  private readonly waiting = new Set<() => void>();

  /** Watches until the signal fires; opens the stream anew when the agent went away in between. */
  follow(address: string, signal: AbortSignal): void {
    void (async () => {
      while (!signal.aborted) {
        const client = createLogClient({ address });
        try {
          for await (const alert of client.watchAlerts('policy', signal)) {
            this.seen.push(alert as unknown as SeenAlert);
            for (const wake of this.waiting) wake();
          }
        } catch {
          // The agent is down or not up yet: that is what some scenarios are about.
        } finally {
          client.close();
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
  }

  /** Resolves with the position behind the first alert from `from` on that the probe accepts. */
  async until(from: number, probe: (alert: SeenAlert) => boolean, timeoutMs: number): Promise<number> {
    const deadline = Date.now() + timeoutMs;
    for (let at = from; ;) {
      for (; at < this.seen.length; at += 1) if (probe(this.seen[at]!)) return at + 1;
      const leftMs = deadline - Date.now();
      if (leftMs <= 0)
        throw new Error(`no such alert within ${timeoutMs} ms, ${this.seen.length - from} others came`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, Math.min(leftMs, 1000));
        this.waiting.add(wake);
      });
    }
  }
}
