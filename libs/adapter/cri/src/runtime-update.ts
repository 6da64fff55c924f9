import type { CodedError } from '@kubearmor-ts/result';
import type { ContainerFacts, WorkloadKey } from '@kubearmor-ts/workload';

export type RuntimeUpdate =
  /** Everything the runtime has now; whatever else was known of it is gone. */
  | { readonly kind: 'listed'; readonly containers: readonly ContainerFacts[] }
  | { readonly kind: 'set'; readonly facts: ContainerFacts }
  | { readonly kind: 'gone'; readonly key: WorkloadKey }
  /** Its processes are gone, it can be started again: its cgroup is to be awaited once more. */
  | { readonly kind: 'stopped'; readonly key: WorkloadKey }
  /** Something of one container could not be read. */
  | { readonly kind: 'unreadable'; readonly error: CodedError }
  /** The runtime does not answer; containers known so far keep what they have. */
  | { readonly kind: 'down'; readonly error: CodedError };
