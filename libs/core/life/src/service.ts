/**
 * Something long-lived. `start` resolves when it is ready to serve; the signal fires when it has to end; `stop`
 * resolves when nothing of it is left.
 */
export interface Service {
  readonly name: string;
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts children in order and stops them in reverse.
 *
 *  1. A child that fails to start stops those before it, and the failure is passed on.
 *  2. `stop` aborts the one signal first, then stops every child even when one of them fails; failures are thrown
 *     together at the end.
 *  3. Starting twice is a programmer's error; stopping twice is nothing.
 */
export class ServiceTree implements Service {
  readonly name: string;
  private readonly children: readonly Service[];
  private readonly controller = new AbortController();
  private readonly running: Service[] = [];
  private started = false;
  private stopping: Promise<void> | undefined;

  constructor(name: string, children: readonly Service[]) {
    this.name = name;
    this.children = children;
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.started) throw new Error(`${this.name} was started twice`);
    this.started = true;
    const own = AbortSignal.any([signal, this.controller.signal]);
    for (const child of this.children) {
      try {
        await child.start(own);
        this.running.push(child);
      } catch (cause) {
        await this.stop();
        throw new Error(
          `${child.name} did not start: ${cause instanceof Error ? cause.message : String(cause)}`,
          {
            cause,
          },
        );
      }
    }
  }

  stop(): Promise<void> {
    this.stopping ??= this.stopChildren();
    return this.stopping;
  }

  private async stopChildren(): Promise<void> {
    this.controller.abort();
    const failures: unknown[] = [];
    for (let child = this.running.pop(); child !== undefined; child = this.running.pop()) {
      try {
        await child.stop();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0)
      throw new AggregateError(failures, `${this.name}: ${String(failures.length)} parts did not stop`);
  }
}
