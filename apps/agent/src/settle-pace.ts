const REST_MS_MAX = 1000;

/** Compiling takes half of the time at most: each round is followed by a rest as long as it compiled, up to a second. */
export class SettlePace {
  readonly #nowMs: () => number;
  #restUntilMs = 0;
  #wake: (() => void) | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  compiledFor(ms: number): void {
    this.#restUntilMs = this.#nowMs() + Math.min(ms, REST_MS_MAX);
  }

  async rest(): Promise<void> {
    const ms = this.#restUntilMs - this.#nowMs();
    if (ms <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Ends a rest: something came that cannot wait. */
  hurry(): void {
    this.#wake?.();
  }
}
