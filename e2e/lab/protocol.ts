/** Lines that travel through the guest's control port, one JSON object each. */
export type CaseStatus = 'passed' | 'failed' | 'skipped';

/** One promise checked in the guest. */
export interface CaseResult {
  readonly scenario: string;
  readonly name: string;
  readonly status: CaseStatus;
  readonly reason?: string;
  readonly ms: number;
}

export interface ExecOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type GuestEvent =
  | { readonly event: 'booted' }
  | { readonly event: 'ready' }
  | { readonly event: 'case'; readonly result: CaseResult }
  | { readonly event: 'log'; readonly line: string }
  | { readonly event: 'scenario-start'; readonly scenario: string; readonly timeoutMs: number }
  | { readonly event: 'scenario-end'; readonly scenario: string; readonly ms: number }
  | { readonly event: 'reply'; readonly id: number; readonly value?: unknown; readonly error?: string }
  | { readonly event: 'exit'; readonly code: number };

export type HostRequest =
  | { readonly id: number; readonly request: 'run'; readonly scenario: string }
  | {
      readonly id: number;
      readonly request: 'exec';
      readonly argv: readonly string[];
      readonly timeoutMs: number;
      readonly background: boolean;
    }
  | { readonly id: number; readonly request: 'stop' };

/** Splits a byte stream into lines; what is not JSON is handed back as it came, never thrown. */
export class LineSplitter {
  private rest = '';
  push(text: string): string[] {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    return lines.filter((line) => line.trim() !== '');
  }
}

export function parseGuestEvent(line: string): GuestEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && 'event' in value) return value as GuestEvent;
  } catch {
    return undefined;
  }
  return undefined;
}
