import type { Clock, Service } from '@kubearmor-ts/life';
import { followLogService, tlsChannelCredentials } from '@kubearmor-ts/stream';
import type { FeedKind, SessionState, TlsBytesSource } from '@kubearmor-ts/stream';

export interface AgentStatus {
  readonly address: string;
  readonly isConnected: boolean;
  /** Why it is not, when it was tried. */
  readonly reason: string;
  /** Connections lost or refused. */
  readonly failures: number;
  readonly received: number;
}

export interface FollowAgentsOptions {
  readonly addresses: readonly string[];
  /** What the relay shows to agents; absent: plaintext. */
  readonly identity?: TlsBytesSource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onMessage: (kind: FeedKind, bytes: Buffer) => void;
  readonly onChange: (agent: AgentStatus) => void;
}

export interface FollowAgents extends Service {
  statuses(): readonly AgentStatus[];
}

/** Follows every agent on its own: one that is away or slow to answer holds up nobody. */
export function followAgents(options: FollowAgentsOptions): FollowAgents {
  const agents = options.addresses.map((address) => new FollowedAgent(address));
  const credentials = options.identity === undefined ? undefined : tlsChannelCredentials(options.identity);
  let running: Promise<void>[] = [];
  return {
    name: 'agents',
    statuses: () => agents.map((agent) => agent.status),
    start: (signal) => {
      running = agents.map((agent) =>
        followLogService(
          {
            address: agent.address,
            ...(credentials === undefined ? {} : { credentials }),
            // The filters existing agents expect of a relay.
            filters: { messages: 'all', alerts: 'policy', logs: 'system' },
            clock: options.clock,
            random: options.random,
            onState: (state) => {
              if (agent.enter(state)) options.onChange(agent.status);
            },
            onMessage: (kind, bytes) => {
              agent.received += 1;
              options.onMessage(kind, bytes);
            },
          },
          signal,
        ),
      );
      return Promise.resolve();
    },
    stop: async () => {
      await Promise.all(running);
    },
  };
}

class FollowedAgent {
  readonly address: string;
  received = 0;
  private isConnected = false;
  private reason = 'not tried yet';
  private failures = 0;

  constructor(address: string) {
    this.address = address;
  }

  get status(): AgentStatus {
    const { address, isConnected, reason, failures, received } = this;
    return { address, isConnected, reason, failures, received };
  }

  /** True when the state is worth a log line: connected, lost, or failed for a new reason. */
  enter(state: SessionState): boolean {
    if (state.kind === 'streaming') {
      this.isConnected = true;
      this.reason = '';
      return true;
    }
    if (state.kind !== 'waiting') return false;
    const isNews = this.isConnected || this.reason !== state.cause;
    this.isConnected = false;
    this.failures += 1;
    this.reason = state.cause;
    return isNews;
  }
}
