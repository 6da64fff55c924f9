/**
 * How a follower stays connected to one peer.
 *
 *   idle ──start──► connecting ──opened──► streaming
 *                      ▲  │                   │
 *                      │  └──failed──┐ ┌──────┘ failed
 *                    slept           ▼ ▼
 *                      └────────── waiting            any ──stop──► stopped
 *
 *  1. There is at most one connection: `connect` is emitted only when none is there, and a failure disconnects.
 *  2. Every failure is followed by a pause that grows with the failures in a row.
 *  3. The row ends only after a connection that lasted `steadyMs`: a peer that accepts and ends at once is not
 *     hammered.
 */
import { assertNever } from '@kubearmor-ts/result';

export type SessionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly failures: number }
  | { readonly kind: 'streaming'; readonly failures: number; readonly sinceMs: number }
  | { readonly kind: 'waiting'; readonly failures: number; readonly cause: string }
  | { readonly kind: 'stopped' };

export type SessionInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'opened'; readonly nowMs: number }
  | { readonly kind: 'failed'; readonly nowMs: number; readonly cause: string }
  | { readonly kind: 'slept' }
  | { readonly kind: 'stop' };

export type SessionEffect =
  | { readonly kind: 'connect' }
  | { readonly kind: 'disconnect' }
  /** `failures` counts those in a row, this one included. */
  | { readonly kind: 'pause'; readonly failures: number };

export const steadyMs = 10_000;

export function stepSession(
  state: SessionState,
  input: SessionInput,
): readonly [SessionState, readonly SessionEffect[]] {
  if (input.kind === 'stop') {
    const isConnected = state.kind === 'connecting' || state.kind === 'streaming';
    return [{ kind: 'stopped' }, isConnected ? [{ kind: 'disconnect' }] : []];
  }
  switch (state.kind) {
    case 'idle':
      return input.kind === 'start'
        ? [{ kind: 'connecting', failures: 0 }, [{ kind: 'connect' }]]
        : [state, []];
    case 'connecting':
      if (input.kind === 'opened')
        return [{ kind: 'streaming', failures: state.failures, sinceMs: input.nowMs }, []];
      return input.kind === 'failed' ? pause(state.failures + 1, input.cause) : [state, []];
    case 'streaming':
      if (input.kind !== 'failed') return [state, []];
      return pause(input.nowMs - state.sinceMs >= steadyMs ? 1 : state.failures + 1, input.cause);
    case 'waiting':
      return input.kind === 'slept'
        ? [{ kind: 'connecting', failures: state.failures }, [{ kind: 'connect' }]]
        : [state, []];
    case 'stopped':
      return [state, []];
    default:
      return assertNever(state);
  }
}

function pause(failures: number, cause: string): readonly [SessionState, readonly SessionEffect[]] {
  return [{ kind: 'waiting', failures, cause }, [{ kind: 'disconnect' }, { kind: 'pause', failures }]];
}
