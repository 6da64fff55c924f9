/** What a kernel says on the console when it is broken; a run in which it says so cannot pass. */
const COMPLAINTS: readonly RegExp[] = [
  /Kernel panic - not syncing/,
  /\bBUG: (?!soft lockup)/,
  /\bkernel BUG at /,
  /\bOops: /,
  /\bWARNING: (CPU: \d+ PID: \d+ at|possible|suspicious|bad unlock)/,
  /general protection fault/,
  /Unable to handle kernel/,
  /UBSAN: /,
  /KASAN: /,
  /unregister_netdevice: waiting for/,
];

export function isKernelComplaint(line: string): boolean {
  return COMPLAINTS.some((complaint) => complaint.test(line));
}

export const PANIC = /Kernel panic - not syncing/;

export function isPanic(line: string): boolean {
  return PANIC.test(line);
}

/** Collects the console, line by line, within a bound; keeps every complaint (up to a bound) with the lines after it. */
export class ConsoleLog {
  private readonly kept: string[] = [];
  private readonly found: string[] = [];
  private rest = '';
  private dropped = 0;
  private followers = 0;
  private readonly maxLines: number;

  constructor(maxLines = 20_000) {
    this.maxLines = maxLines;
  }

  /** Takes the next bytes and returns the lines they completed. */
  push(text: string): string[] {
    const lines = (this.rest + text).split(/\r*\n/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.keep(line);
    return lines;
  }

  private keep(line: string): void {
    this.kept.push(line);
    if (this.kept.length > this.maxLines) {
      this.kept.shift();
      this.dropped += 1;
    }
    if (isKernelComplaint(line)) this.followers = 25;
    if (this.followers > 0 && this.found.length < 200) {
      this.followers -= 1;
      this.found.push(line);
    }
  }

  get complaints(): readonly string[] {
    return this.found;
  }

  tail(lines: number): string {
    const from = this.kept.slice(-lines);
    if (this.rest !== '') from.push(this.rest);
    return from.join('\n');
  }

  /** The lines about the first one that matches; the tail when none does. */
  around(pattern: RegExp, before: number, after: number): string {
    const at = this.kept.findIndex((line) => pattern.test(line));
    return at < 0
      ? this.tail(before + after)
      : this.kept.slice(Math.max(0, at - before), at + after).join('\n');
  }

  get text(): string {
    const lost = this.dropped > 0 ? `(${this.dropped} earlier lines dropped)\n` : '';
    return lost + this.tail(this.maxLines);
  }
}
