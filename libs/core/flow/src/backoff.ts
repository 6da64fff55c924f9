export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Growing pauses between tries: each is drawn from [half, whole] of a ceiling that doubles up to `maxMs`, so peers
 * that failed together do not return together. `random` gives [0, 1).
 */
export class Backoff {
  private readonly limits: BackoffLimits;
  private readonly random: () => number;
  private failures = 0;

  constructor(limits: BackoffLimits, random: () => number) {
    this.limits = limits;
    this.random = random;
  }

  nextMs(): number {
    const ceiling = Math.min(this.limits.maxMs, this.limits.firstMs * 2 ** Math.min(this.failures, 30));
    this.failures += 1;
    return Math.round(ceiling / 2 + (ceiling / 2) * this.random());
  }

  reset(): void {
    this.failures = 0;
  }
}
