/** Lets at most `limit` through at a time, the others in the order they came. */
export class Gate {
  private readonly limit: number;
  private inside = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError('a gate lets at least one through');
    this.limit = limit;
  }

  /** Resolves with the way out, to be called once inside is over; calling it again is nothing. */
  async enter(): Promise<() => void> {
    if (this.inside >= this.limit) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.inside += 1;
    let isOut = false;
    return () => {
      if (isOut) return;
      isOut = true;
      const next = this.waiting.shift();
      // The place is handed on: nobody who comes now can take it.
      if (next !== undefined) next();
      else this.inside -= 1;
    };
  }
}
