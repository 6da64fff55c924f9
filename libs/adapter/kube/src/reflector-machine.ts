/**
 * How a reflector goes from one request to the next. Pure: the driver in `reflector.ts` makes the effects true.
 *
 *               ┌──────────────pause over──────────────┐
 *               ▼                                      │
 *   start ──► listing ──failed──────────────────────► paused ◄──failed, or ended at once──┐
 *               │  ▲                                   │                                  │
 *   last page   │  └──── gone (410), not understood ───┼──────────────────────────── watching ──┐
 *               └──────────────────────────────────────┴──────────────────────────────►  ▲       │
 *                                                                                        └─ended─┘
 *
 *  1. The snapshot of a list is put in place whole, at its last page, never in parts.
 *  2. A watch that ended properly, or fell silent, goes on at once from the newest resourceVersion seen; bookmarks
 *     keep that fresh while nothing changes.
 *  3. Every failure in a row pauses longer, and never shorter than the server's Retry-After. Only a watch that was
 *     useful ends the row, so no sequence of answers makes a loop without pauses.
 *  4. Where the watch cannot go on (410, an event that cannot be understood) the list is read anew from the store of
 *     record, not from a cache that may be older than what was seen.
 *  5. A continue token that expired starts the list again, the second time in one piece, which cannot expire.
 */
import { assertNever } from '@kubearmor-ts/result';
import type { KubeFault } from './errors.ts';

export type ListFrom = 'any' | 'newest';

export interface Listing {
  readonly kind: 'listing';
  readonly from: ListFrom;
  readonly continueToken: string;
  /** Set once a continue token has expired in this list. */
  readonly expiries: number;
}

export interface Watching {
  readonly kind: 'watching';
  readonly resourceVersion: string;
}

export type Wanted = Listing | Watching;

export type Phase =
  | { readonly kind: 'idle' }
  | Wanted
  | { readonly kind: 'paused'; readonly then: Wanted }
  | { readonly kind: 'stopped' };

export interface ReflectorState {
  readonly phase: Phase;
  /** Failures in a row. */
  readonly failures: number;
}

export type ReflectorInput =
  | { readonly kind: 'start'; readonly from: ListFrom }
  | { readonly kind: 'page'; readonly resourceVersion: string; readonly continueToken: string }
  | { readonly kind: 'progress'; readonly resourceVersion: string }
  | { readonly kind: 'ended'; readonly wasUseful: boolean }
  | { readonly kind: 'failed'; readonly fault: KubeFault }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'stop' };

export type ReflectorEffect =
  | {
      readonly kind: 'list';
      readonly from: ListFrom;
      readonly continueToken: string;
      readonly inOnePiece: boolean;
    }
  | { readonly kind: 'discard-pages' }
  | { readonly kind: 'keep-page' }
  | { readonly kind: 'commit' }
  | { readonly kind: 'watch'; readonly resourceVersion: string }
  | { readonly kind: 'pause'; readonly failures: number; readonly atLeastMs: number };

export type Step = readonly [ReflectorState, readonly ReflectorEffect[]];

export const initialState: ReflectorState = { phase: { kind: 'idle' }, failures: 0 };

const relist: Listing = { kind: 'listing', from: 'newest', continueToken: '', expiries: 0 };

export function step(state: ReflectorState, input: ReflectorInput): Step {
  if (state.phase.kind === 'stopped') return [state, []];
  switch (input.kind) {
    case 'stop':
      return [{ ...state, phase: { kind: 'stopped' } }, []];
    case 'start':
      return begin({ ...relist, from: input.from }, state.failures);
    case 'resumed':
      return state.phase.kind === 'paused' ? begin(state.phase.then, state.failures) : [state, []];
    case 'page':
      return state.phase.kind === 'listing' ? onPage(state, state.phase, input) : [state, []];
    case 'progress':
      return state.phase.kind === 'watching'
        ? [{ phase: { kind: 'watching', resourceVersion: input.resourceVersion }, failures: 0 }, []]
        : [state, []];
    case 'ended':
      if (state.phase.kind !== 'watching') return [state, []];
      return input.wasUseful ? begin(state.phase, 0) : pause(state, state.phase, 0);
    case 'failed':
      if (state.phase.kind === 'listing') return onListFailed(state, state.phase, input.fault);
      return state.phase.kind === 'watching' ? onWatchFailed(state, state.phase, input.fault) : [state, []];
    default:
      return assertNever(input);
  }
}

function begin(wanted: Wanted, failures: number): Step {
  if (wanted.kind === 'watching')
    return [{ phase: wanted, failures }, [{ kind: 'watch', resourceVersion: wanted.resourceVersion }]];
  const list: ReflectorEffect = {
    kind: 'list',
    from: wanted.from,
    continueToken: wanted.continueToken,
    inOnePiece: wanted.expiries > 1,
  };
  return [
    { phase: wanted, failures },
    wanted.continueToken === '' ? [{ kind: 'discard-pages' }, list] : [list],
  ];
}

function pause(state: ReflectorState, then: Wanted, atLeastMs: number): Step {
  const failures = state.failures + 1;
  return [{ phase: { kind: 'paused', then }, failures }, [{ kind: 'pause', failures, atLeastMs }]];
}

function onPage(
  state: ReflectorState,
  listing: Listing,
  page: { readonly resourceVersion: string; readonly continueToken: string },
): Step {
  if (page.continueToken !== '') {
    const [next, effects] = begin({ ...listing, continueToken: page.continueToken }, state.failures);
    return [next, [{ kind: 'keep-page' }, ...effects]];
  }
  const watching: Watching = { kind: 'watching', resourceVersion: page.resourceVersion };
  // The failures stay counted: a list that works above a watch that never does must not spin.
  const [next, effects] = begin(watching, state.failures);
  return [next, [{ kind: 'keep-page' }, { kind: 'commit' }, ...effects]];
}

function onListFailed(state: ReflectorState, listing: Listing, fault: KubeFault): Step {
  if (fault.code === 'KA_KUBE_GONE') {
    const again: Listing = { ...relist, expiries: listing.expiries + 1 };
    return pause(state, again, fault.retryAfterMs ?? 0);
  }
  return pause(state, listing, fault.retryAfterMs ?? 0);
}

function onWatchFailed(state: ReflectorState, watching: Watching, fault: KubeFault): Step {
  switch (fault.code) {
    case 'KA_KUBE_GONE':
    case 'KA_KUBE_MALFORMED':
      // The first one at once: who was cut off for long shall not be blind for longer.
      return state.failures === 0 ? begin(relist, 1) : pause(state, relist, fault.retryAfterMs ?? 0);
    default:
      return pause(state, watching, fault.retryAfterMs ?? 0);
  }
}
