import type { Clock } from '@kubearmor-ts/life';

export interface Deadline {
  /** Fires when the time is over or the outer signal fires. */
  readonly signal: AbortSignal;
  /** No longer needed. */
  end(): void;
}

export function startDeadline(clock: Clock, ms: number, outer: AbortSignal): Deadline {
  const over = new AbortController();
  const done = new AbortController();
  void clock.sleep(ms, done.signal).then(() => {
    if (!done.signal.aborted) over.abort(new Error('no answer in time'));
  });
  return { signal: AbortSignal.any([outer, over.signal]), end: () => done.abort() };
}

export const abortReason = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error('stopped');
