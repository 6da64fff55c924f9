/** Lines that come as they are pushed; ends, breaks or falls silent as told. */
export class WatchBody implements AsyncIterable<Uint8Array> {
  private readonly waiting: string[] = [];
  private wake: () => void = () => undefined;
  private state: 'open' | 'silent' | 'ended' | 'broken' = 'open';
  private after: { readonly lines: number; readonly state: 'silent' | 'ended' | 'broken' } | undefined;
  private count = 0;
  private readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  push(text: string): void {
    if (this.state !== 'open') return;
    this.waiting.push(text);
    this.count += 1;
    if (this.after !== undefined && this.count >= this.after.lines) this.state = this.after.state;
    this.wake();
  }

  become(state: 'silent' | 'ended' | 'broken', afterLines = 0): void {
    if (this.state !== 'open' && this.state !== 'silent') return;
    if (this.count >= afterLines) this.state = state;
    else this.after = { lines: afterLines, state };
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.signal.aborted) throw new DOMException('aborted', 'AbortError');
      const text = this.waiting.shift();
      if (text !== undefined) yield Buffer.from(text);
      else if (this.state === 'ended') return;
      else if (this.state === 'broken') throw new Error('socket hang up');
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }
}
