import { Gate } from '@kubearmor-ts/flow';
import type { Clock, Service } from '@kubearmor-ts/life';
import { eventKindNames, noCursor, totalOf } from '@kubearmor-ts/proto';
import type { BatchHead, Cursor } from '@kubearmor-ts/proto';
import { followAgent, tlsChannelCredentials } from '@kubearmor-ts/stream';
import type {
  EventStreamHandlers,
  FollowAgentOptions,
  SessionState,
  TlsBytesSource,
} from '@kubearmor-ts/stream';
import type { FindAgents, FoundAgent } from './find-agents.ts';

export interface AgentStatus {
  readonly address: string;
  /** What names it: words of `--agents`, or `list`. */
  readonly sources: readonly string[];
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
  readonly found: Pick<FindAgents, 'listen'>;
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
  /** An agent that no source names any more. */
  readonly onGone: (agent: AgentStatus) => void;
}

export interface FollowAgents extends Service {
  /** Of those followed now. */
  statuses(): readonly AgentStatus[];
  /** Agents that came and went since the start. */
  readonly counts: { readonly found: number; readonly gone: number };
}

/** Connections that may be on their way to being opened at the same time. */
const diallingAtOnce = 32;

/** What all agents together may have sent ahead: when the journal lags, it waits here, in memory. */
const windowsBytes = 16 << 20;

/** Windows are given as if there were so many agents at least: later ones are found while earlier ones hold theirs. */
const fewestAgents = 8;

/** Agents that are gone and remembered, so that one that comes back goes on with its counts. */
const mostRemembered = 1000;

interface Following {
  readonly agent: FollowedAgent;
  readonly key: string;
  readonly end: AbortController;
  readonly done: Promise<void>;
}

/** Follows every agent on its own, for as long as it is found: one that is away or slow to answer holds up nobody. */
export function followAgents(options: FollowAgentsOptions): FollowAgents {
  const credentials = options.identity === undefined ? undefined : tlsChannelCredentials(options.identity);
  const dialling = new Gate(diallingAtOnce);
  const following = new Map<string, Following>();
  const remembered = new Map<string, FollowedAgent>();
  const ending = new Set<Promise<void>>();
  const counts = { found: 0, gone: 0 };
  let forget = (): void => undefined;

  const end = ({ end: controller, done }: Following): void => {
    controller.abort();
    ending.add(done);
    void done.then(() => ending.delete(done));
  };

  const begin = (agent: FollowedAgent, key: string, inUse: number, signal: AbortSignal): void => {
    const controller = new AbortController();
    const windowBytes = windowOf(inUse);
    const both = AbortSignal.any([signal, controller.signal]);
    const done = follow(agent, options, { credentials, dialling, windowBytes }, both);
    following.set(agent.address, { agent, key, end: controller, done });
  };

  const agentAt = (address: string): FollowedAgent => {
    const known = remembered.get(address);
    remembered.delete(address);
    return known ?? new FollowedAgent(address);
  };

  const drop = (one: Following): void => {
    end(one);
    following.delete(one.agent.address);
    counts.gone += 1;
    one.agent.leave();
    options.onGone(one.agent.status);
    remembered.set(one.agent.address, one.agent);
    const [oldest] = remembered.keys();
    if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
  };

  const take = (found: readonly FoundAgent[], signal: AbortSignal): void => {
    if (signal.aborted) return;
    const wanted = new Set(found.map(({ address }) => address));
    for (const one of [...following.values()]) if (!wanted.has(one.agent.address)) drop(one);
    for (const { address, key, sources } of found) {
      const known = following.get(address);
      const agent = known?.agent ?? agentAt(address);
      agent.sources = sources;
      if (known?.key === key) continue;
      if (known === undefined) counts.found += 1;
      // Another agent at the same address: it is not to wait for the pauses of the one before.
      else end(known);
      begin(agent, key, wanted.size, signal);
    }
  };

  return {
    name: 'agents',
    counts,
    statuses: () => [...following.values()].map(({ agent }) => agent.status),
    start: (signal) => {
      forget = options.found.listen((found) => take(found, signal));
      return Promise.resolve();
    },
    stop: async () => {
      forget();
      await Promise.all([...ending, ...[...following.values()].map(({ done }) => done)]);
    },
  };
}

const windowOf = (agents: number): number =>
  Math.min(4 << 20, Math.max(64 << 10, Math.floor(windowsBytes / Math.max(agents, fewestAgents))));

function follow(
  agent: FollowedAgent,
  options: FollowAgentsOptions,
  shared: {
    readonly credentials: FollowAgentOptions['credentials'];
    readonly dialling: Gate;
    readonly windowBytes: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const { credentials, dialling, windowBytes } = shared;
  return followAgent(
    {
      address: agent.address,
      ...(credentials === undefined ? {} : { credentials }),
      // The filters existing agents expect of a relay.
      filters: { messages: 'all', alerts: 'policy', logs: 'system' },
      clock: options.clock,
      dialling,
      windowBytes,
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
          const missed = agent.miss(head, options.cursorOf(head.streamId));
          if (missed !== undefined) options.onMissed(agent.status, missed);
          return options.onBatch(payload, head, acknowledge);
        },
      },
    },
    signal,
  );
}

class FollowedAgent {
  readonly address: string;
  sources: readonly string[] = [];
  received = 0;
  protocol: AgentStatus['protocol'] = '';
  private isConnected = false;
  private node = '';
  private reason = 'not tried yet';
  private failures = 0;
  private readonly missed: Cursor = { ...noCursor };
  /** Said by the agent on this connection, of kinds that no event came of since. */
  private untold: Cursor = { ...noCursor };

  constructor(address: string) {
    this.address = address;
  }

  get status(): AgentStatus {
    const { address, sources, isConnected, protocol, node, reason, failures, received, missed } = this;
    return {
      address,
      sources,
      isConnected,
      protocol,
      node,
      reason,
      failures,
      received,
      missed: { ...missed },
    };
  }

  /**
   * The place to go on from. A stream nobody knows, of an agent that was followed before, is a new run of it: what it
   * already forgot is missed. Of an agent met for the first time it is history.
   */
  resumeAfter(node: string, cursor: Readonly<Cursor> | undefined): Readonly<Cursor> | undefined {
    this.untold = { ...noCursor };
    const isKnown = this.node !== '';
    this.node = node === '' ? this.address : node;
    return cursor ?? (isKnown ? noCursor : undefined);
  }

  /**
   * What the agent had to forget before the events of this batch; undefined when that is nothing. It is the hole in the
   * numbers, told with the events behind it: the journal's cursor then stands behind the hole, so that it is not told
   * again after a reconnect. Where the journal knows no number yet, it is what the agent says.
   */
  miss(
    { first, missed }: Pick<BatchHead, 'first' | 'missed'>,
    known: Readonly<Cursor> | undefined,
  ): Readonly<Cursor> | undefined {
    const now: Cursor = { ...noCursor };
    for (const kind of eventKindNames) {
      this.untold[kind] += missed[kind];
      if (first[kind] === 0) continue;
      const before = known?.[kind] ?? 0;
      now[kind] = before > 0 ? Math.max(0, first[kind] - 1 - before) : this.untold[kind];
      this.untold[kind] = 0;
      this.missed[kind] += now[kind];
    }
    return eventKindNames.some((kind) => now[kind] > 0) ? now : undefined;
  }

  leave(): void {
    this.isConnected = false;
    this.reason = 'not found any more';
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
