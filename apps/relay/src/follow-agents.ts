import { Gate } from '@kubearmor-ts/flow';
import type { Clock, Service } from '@kubearmor-ts/life';
import { eventKindNames, noCursor, totalOf } from '@kubearmor-ts/proto';
import type { Cursor } from '@kubearmor-ts/proto';
import { followAgent, tlsChannelCredentials } from '@kubearmor-ts/stream';
import type {
  EventStreamHandlers,
  FollowAgentOptions,
  SessionState,
  TlsBytesSource,
} from '@kubearmor-ts/stream';

export interface AgentStatus {
  readonly address: string;
  readonly isConnected: boolean;
  /** `batches` are numbered and resumed; `messages` is LogService, where what is sent during an absence is lost. */
  readonly protocol: 'batches' | 'messages' | '';
  /** As the agent names it; empty with LogService. */
  readonly node: string;
  /** Why it is not connected, when it was tried. */
  readonly reason: string;
  /** Connections lost or refused. */
  readonly failures: number;
  readonly received: number;
  /** Events the agent had to forget before this relay got them. */
  readonly missed: Readonly<Cursor>;
}

export interface FollowAgentsOptions {
  readonly addresses: readonly string[];
  /** What the relay shows to agents; absent: plaintext. */
  readonly identity?: TlsBytesSource;
  /** This relay's name to agents, the same over restarts. */
  readonly consumer: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** How far a stream has come, as far as this relay remembers. */
  readonly cursorOf: (streamId: string) => Readonly<Cursor> | undefined;
  readonly onMessage: FollowAgentOptions['onMessage'];
  readonly onBatch: EventStreamHandlers['onBatch'];
  readonly onMissed: (agent: AgentStatus, missed: Readonly<Cursor>) => void;
  readonly onChange: (agent: AgentStatus) => void;
}

export interface FollowAgents extends Service {
  statuses(): readonly AgentStatus[];
}

/** Connections that may be on their way to being opened at the same time. */
const diallingAtOnce = 32;

/** What all agents together may have sent ahead: when the journal lags, it waits here, in memory. */
const windowsBytes = 16 << 20;

/** Follows every agent on its own: one that is away or slow to answer holds up nobody. */
export function followAgents(options: FollowAgentsOptions): FollowAgents {
  const agents = options.addresses.map((address) => new FollowedAgent(address));
  const credentials = options.identity === undefined ? undefined : tlsChannelCredentials(options.identity);
  const dialling = new Gate(diallingAtOnce);
  let running: Promise<void>[] = [];
  return {
    name: 'agents',
    statuses: () => agents.map((agent) => agent.status),
    start: (signal) => {
      running = agents.map((agent) => follow(agent, options, { credentials, dialling }, signal));
      return Promise.resolve();
    },
    stop: async () => {
      await Promise.all(running);
    },
  };
}

function follow(
  agent: FollowedAgent,
  options: FollowAgentsOptions,
  shared: { readonly credentials: FollowAgentOptions['credentials']; readonly dialling: Gate },
  signal: AbortSignal,
): Promise<void> {
  const { credentials, dialling } = shared;
  return followAgent(
    {
      address: agent.address,
      ...(credentials === undefined ? {} : { credentials }),
      // The filters existing agents expect of a relay.
      filters: { messages: 'all', alerts: 'policy', logs: 'system' },
      clock: options.clock,
      dialling,
      windowBytes: Math.min(4 << 20, Math.max(64 << 10, Math.floor(windowsBytes / options.addresses.length))),
      random: options.random,
      onProtocol: (protocol) => (agent.protocol = protocol),
      onState: (state) => {
        if (agent.enter(state)) options.onChange(agent.status);
      },
      onMessage: (kind, bytes) => {
        agent.received += 1;
        return options.onMessage(kind, bytes);
      },
      events: {
        consumer: options.consumer,
        resumeAfter: (streamId, node) => agent.resumeAfter(node, options.cursorOf(streamId)),
        onBatch: (payload, head, acknowledge) => {
          agent.received += totalOf(head.counts);
          if (agent.miss(head.missed)) options.onMissed(agent.status, head.missed);
          return options.onBatch(payload, head, acknowledge);
        },
      },
    },
    signal,
  );
}

class FollowedAgent {
  readonly address: string;
  received = 0;
  protocol: AgentStatus['protocol'] = '';
  private isConnected = false;
  private node = '';
  private reason = 'not tried yet';
  private failures = 0;
  private readonly missed: Cursor = { ...noCursor };

  constructor(address: string) {
    this.address = address;
  }

  get status(): AgentStatus {
    const { address, isConnected, protocol, node, reason, failures, received, missed } = this;
    return { address, isConnected, protocol, node, reason, failures, received, missed: { ...missed } };
  }

  /**
   * The place to go on from. A stream nobody knows, of an agent that was followed before, is a new run of it: what it
   * already forgot is missed. Of an agent met for the first time it is history.
   */
  resumeAfter(node: string, cursor: Readonly<Cursor> | undefined): Readonly<Cursor> | undefined {
    const isKnown = this.node !== '';
    this.node = node === '' ? this.address : node;
    return cursor ?? (isKnown ? noCursor : undefined);
  }

  /** True when it is more than nothing. */
  miss(missed: Readonly<Cursor>): boolean {
    for (const kind of eventKindNames) this.missed[kind] += missed[kind];
    return eventKindNames.some((kind) => missed[kind] > 0);
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
