import { assertNever } from '@kubearmor-ts/result';

/**
 * What a sink is doing.
 *
 *   idle ──batch──► delivering ──done──► idle
 *                     │    ▲
 *                  failed  │ slept
 *                     ▼    │
 *                   backing off
 *
 * Every state goes to `stopped`, which has no way out.
 */
export type DeliveryState =
  | { readonly kind: 'idle' }
  /** `attempt` counts from 1 for every batch. */
  | { readonly kind: 'delivering'; readonly attempt: number }
  | {
      readonly kind: 'backing off';
      readonly attempt: number;
      readonly pauseMs: number;
      readonly reason: string;
    }
  | { readonly kind: 'stopped' };

export type DeliveryInput =
  | { readonly kind: 'batch' }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string; readonly pauseMs: number }
  | { readonly kind: 'slept' }
  | { readonly kind: 'stop' };

/** An input that a state does not know leaves it as it is. */
export function stepDelivery(state: DeliveryState, input: DeliveryInput): DeliveryState {
  if (state.kind === 'stopped' || input.kind === 'stop') return { kind: 'stopped' };
  switch (input.kind) {
    case 'batch':
      return state.kind === 'idle' ? { kind: 'delivering', attempt: 1 } : state;
    case 'done':
      return state.kind === 'delivering' ? { kind: 'idle' } : state;
    case 'failed': {
      if (state.kind !== 'delivering') return state;
      const { reason, pauseMs } = input;
      return { kind: 'backing off', attempt: state.attempt, pauseMs, reason };
    }
    case 'slept':
      return state.kind === 'backing off' ? { kind: 'delivering', attempt: state.attempt + 1 } : state;
    default:
      return assertNever(input);
  }
}
