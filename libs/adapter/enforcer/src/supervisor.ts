import type { FrameHello } from '@kubearmor-ts/abi';
import { assertNever } from '@kubearmor-ts/result';
import type { EnforcerFault } from './errors.ts';

/** A workload that the kernel still enforced when the enforcer came up. */
export interface RestoredWorkload {
  readonly workload: number;
  readonly revision: number;
  /** 0n = no rules. */
  readonly contentHash: bigint;
  readonly key: string;
}

export interface Hello extends FrameHello {
  readonly restored: readonly RestoredWorkload[];
}

export type State =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'greeted'; readonly hello: FrameHello; readonly restored: readonly RestoredWorkload[] }
  | { readonly kind: 'running'; readonly hello: Hello }
  | { readonly kind: 'waiting'; readonly error: EnforcerFault }
  | { readonly kind: 'failed'; readonly error: EnforcerFault };

export type Input =
  | { readonly kind: 'start' }
  | { readonly kind: 'hello'; readonly hello: FrameHello }
  | { readonly kind: 'workload'; readonly workload: RestoredWorkload }
  | { readonly kind: 'ready' }
  /** What came from the process cannot be used, or nothing came in time. */
  | { readonly kind: 'broken'; readonly error: EnforcerFault; readonly canRetry: boolean }
  | { readonly kind: 'exited'; readonly error: EnforcerFault; readonly canRetry: boolean }
  | { readonly kind: 'retry' }
  | { readonly kind: 'stop' };

export type Effect = 'spawn' | 'kill' | 'end' | 'arm-retry' | 'reset-backoff' | 'ready' | 'give-up';

const left = (input: {
  readonly error: EnforcerFault;
  readonly canRetry: boolean;
}): readonly [State, readonly Effect[]] =>
  input.canRetry
    ? [{ kind: 'waiting', error: input.error }, ['arm-retry']]
    : [{ kind: 'failed', error: input.error }, ['give-up']];

/** One transition. Frames that do not fit the state come from a process that is already given up: they change nothing. */
export const step = (state: State, input: Input): readonly [State, readonly Effect[]] => {
  const hasProcess = state.kind === 'starting' || state.kind === 'greeted' || state.kind === 'running';
  switch (input.kind) {
    case 'start':
      return state.kind === 'stopped' || state.kind === 'failed'
        ? [{ kind: 'starting' }, ['spawn']]
        : [state, []];
    case 'retry':
      return state.kind === 'waiting' ? [{ kind: 'starting' }, ['spawn']] : [state, []];
    case 'hello':
      return state.kind === 'starting'
        ? [{ kind: 'greeted', hello: input.hello, restored: [] }, []]
        : [state, []];
    case 'workload':
      return state.kind === 'greeted'
        ? [{ ...state, restored: [...state.restored, input.workload] }, []]
        : [state, []];
    case 'ready':
      return state.kind === 'greeted'
        ? [
            { kind: 'running', hello: { ...state.hello, restored: state.restored } },
            ['reset-backoff', 'ready'],
          ]
        : [state, []];
    case 'broken': {
      if (!hasProcess) return [state, []];
      const [next, effects] = left(input);
      return [next, ['kill', ...effects]];
    }
    case 'exited':
      return hasProcess ? left(input) : [state, []];
    case 'stop':
      return [{ kind: 'stopped' }, hasProcess ? ['end'] : []];
    default:
      return assertNever(input);
  }
};
