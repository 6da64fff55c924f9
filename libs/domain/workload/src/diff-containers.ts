import { sameFacts } from './container-facts.ts';
import type { ContainerFacts } from './container-facts.ts';
import { toWorkloadKey } from './workload.ts';
import type { WorkloadKey } from './workload.ts';

export type ContainerChange =
  | { readonly kind: 'set'; readonly key: WorkloadKey; readonly facts: ContainerFacts }
  | { readonly kind: 'gone'; readonly key: WorkloadKey };

/**
 * What must happen to `known` so that it says what a full listing says. Removals come first: a container that was
 * removed and made again under the same id must not lose its new entry.
 */
export function diffContainers(
  known: ReadonlyMap<WorkloadKey, ContainerFacts>,
  listed: readonly ContainerFacts[],
): readonly ContainerChange[] {
  const byKey = new Map(listed.map((facts) => [toWorkloadKey(facts), facts]));
  const gone: ContainerChange[] = [...known.keys()]
    .filter((key) => !byKey.has(key))
    .map((key) => ({ kind: 'gone', key }));
  const set: ContainerChange[] = [...byKey]
    .filter(([key, facts]) => {
      const before = known.get(key);
      return before === undefined || !sameFacts(before, facts);
    })
    .map(([key, facts]) => ({ kind: 'set', key, facts }));
  return [...gone, ...set];
}
