import type { Service } from '@kubearmor-ts/life';

export interface DiscoveredAgent {
  /** Stays with an agent for as long as it is the same one: a restarted pod has another. */
  readonly key: string;
  /** `host:port`, `[v6]:port`. */
  readonly address: string;
}

/** One source of agents. */
export interface AgentDiscovery extends Service {
  /** The set now and after every change, until the function it gives back is called. */
  listen(listener: (agents: readonly DiscoveredAgent[]) => void): () => void;
  /** Why the set may not be what it should be; undefined while it is. */
  problem(): string | undefined;
  readonly counts: { readonly looks: number; readonly failures: number; readonly leftOut: number };
}

/** The set and those who hear of it. */
export class AgentSet {
  private agents: readonly DiscoveredAgent[] = [];
  private readonly listeners = new Set<(agents: readonly DiscoveredAgent[]) => void>();

  listen(listener: (agents: readonly DiscoveredAgent[]) => void): () => void {
    this.listeners.add(listener);
    listener(this.agents);
    return () => this.listeners.delete(listener);
  }

  replace(agents: readonly DiscoveredAgent[]): void {
    const keyOf = ({ key, address }: DiscoveredAgent): string => `${key} ${address}`;
    const [before, after] = [this.agents.map(keyOf).sort(), agents.map(keyOf).sort()];
    if (before.length === after.length && before.every((key, index) => key === after[index])) return;
    this.agents = agents;
    for (const listener of this.listeners) listener(agents);
  }
}
