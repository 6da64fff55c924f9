/** The part of a clock that waiting needs; `life` has a real and a fake one. */
export interface Timing {
  nowMs(): number;
  /** Resolves after the time or as soon as the signal fires, whichever comes first; it never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
