import type { AgentDiscovery } from '@kubearmor-ts/discovery';
import type { Service } from '@kubearmor-ts/life';

export interface NamedDiscovery {
  /** As the configuration names it; `list` for all addresses that stand there. */
  readonly source: string;
  readonly discovery: AgentDiscovery;
}

export interface FoundAgent {
  readonly address: string;
  /** Another one means that another agent is at the address. */
  readonly key: string;
  readonly sources: readonly string[];
}

export interface SourceStatus {
  readonly source: string;
  readonly agents: number;
  /** Why its agents may not be all there are; empty while they are. */
  readonly problem: string;
  readonly looks: number;
  readonly failures: number;
  readonly leftOut: number;
}

/** All sources of agents as one set. */
export interface FindAgents extends Service {
  /** The set now and after every change, until the function it gives back is called. */
  listen(listener: (agents: readonly FoundAgent[]) => void): () => void;
  sources(): readonly SourceStatus[];
}

/** An agent that several sources name is one agent, and stays until none names it. */
export function findAgents(discoveries: readonly NamedDiscovery[]): FindAgents {
  const found = new Map<string, readonly { readonly key: string; readonly address: string }[]>();
  const listeners = new Set<(agents: readonly FoundAgent[]) => void>();
  const union = (): readonly FoundAgent[] => {
    const byAddress = new Map<string, FoundAgent>();
    for (const [source, agents] of found) {
      for (const { key, address } of agents) {
        const known = byAddress.get(address);
        byAddress.set(address, {
          address,
          // A key that is more than the address tells when the agent is another one.
          key: known === undefined || known.key === address ? key : known.key,
          sources: [...(known?.sources ?? []), source],
        });
      }
    }
    return [...byAddress.values()];
  };
  const forgets = discoveries.map(({ source, discovery }) =>
    discovery.listen((agents) => {
      found.set(source, agents);
      const all = union();
      for (const listener of listeners) listener(all);
    }),
  );
  return {
    name: 'agent sources',
    listen: (listener) => {
      listeners.add(listener);
      listener(union());
      return () => listeners.delete(listener);
    },
    sources: () =>
      discoveries.map(({ source, discovery }) => ({
        source,
        agents: found.get(source)?.length ?? 0,
        problem: discovery.problem() ?? '',
        looks: discovery.counts.looks,
        failures: discovery.counts.failures,
        leftOut: discovery.counts.leftOut,
      })),
    start: async (signal) => {
      for (const { discovery } of discoveries) await discovery.start(signal);
    },
    stop: async () => {
      for (const forget of forgets) forget();
      await Promise.all(discoveries.map(({ discovery }) => discovery.stop()));
    },
  };
}
