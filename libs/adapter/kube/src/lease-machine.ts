/**
 * Who leads. Pure; the driver is `leader-elector.ts`.
 *
 *   standby ──the record did not change for its duration, by our clock──► claiming ──written──► leading
 *      ▲                                                                     │                     │
 *      └───────── somebody else wrote ◄──────────────────────────────────────┘                     │
 *      ▲                                                                                           │
 *      └────── not renewed within the renew deadline, or somebody else holds the record ◄──────────┘
 *
 *  1. Times in the record are for people. A holder is judged by how long *we* have seen the record unchanged, so
 *     clocks that disagree, or jump, make nobody leader twice.
 *  2. A leader counts from before it sent the renewal that succeeded, the standby from after it read it, and the
 *     renew deadline is shorter than the lease: the leader gives up before anyone can take over.
 *  3. Every write carries the resourceVersion it is based on: of two claims the server takes one.
 *  4. Each term has a number, `leaseTransitions`, that grows with every claim: the fencing token.
 *  5. A standby that finds itself the holder claims at once: an identity belongs to one process, so this is a claim
 *     whose answer was lost, or a term that ran out with nobody else there.
 */

export interface LeaseTimes {
  readonly leaseMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

/** What of a Lease decides. */
export interface LeaseRecord {
  readonly resourceVersion: string;
  /** '' when it was released. */
  readonly holder: string;
  /** As the holder promised it. */
  readonly leaseMs: number;
  readonly transitions: number;
  readonly acquireTime?: string;
}

export interface Standby {
  readonly kind: 'standby';
  /** The newest record and when it was first seen so. */
  readonly seen?: { readonly record: LeaseRecord; readonly sinceMs: number };
}

export interface Leading {
  readonly kind: 'leading';
  readonly record: LeaseRecord;
  /** When the last renewal that succeeded was sent. */
  readonly renewedMs: number;
}

export type LeaseState = Standby | Leading;

export type LeaseMove =
  | { readonly kind: 'read' }
  | { readonly kind: 'create' }
  | { readonly kind: 'write'; readonly over: LeaseRecord };

/** `undefined`: there is no Lease. */
export function onRead(
  state: LeaseState,
  record: LeaseRecord | undefined,
  nowMs: number,
  identity: string,
): readonly [LeaseState, LeaseMove | undefined] {
  if (record === undefined) return [{ kind: 'standby' }, { kind: 'create' }];
  if (state.kind === 'leading') {
    return record.holder === identity && record.transitions === state.record.transitions
      ? [
          { ...state, record },
          { kind: 'write', over: record },
        ]
      : [{ kind: 'standby', seen: { record, sinceMs: nowMs } }, undefined];
  }
  const isSame = state.seen?.record.resourceVersion === record.resourceVersion;
  const seen = isSame && state.seen !== undefined ? state.seen : { record, sinceMs: nowMs };
  const isFree = record.holder === '' || record.holder === identity || nowMs - seen.sinceMs >= record.leaseMs;
  return [{ kind: 'standby', seen }, isFree ? { kind: 'write', over: record } : undefined];
}

export const onWritten = (record: LeaseRecord, sentMs: number): LeaseState => ({
  kind: 'leading',
  record,
  renewedMs: sentMs,
});

/** After a write that failed, or whose outcome is not known. */
export function onFailed(state: LeaseState, nowMs: number, times: LeaseTimes): LeaseState {
  return state.kind === 'leading' && !isLeadingAt(state, nowMs, times) ? { kind: 'standby' } : state;
}

export const isLeadingAt = (state: LeaseState, nowMs: number, times: LeaseTimes): boolean =>
  state.kind === 'leading' && nowMs - state.renewedMs < times.renewDeadlineMs;
