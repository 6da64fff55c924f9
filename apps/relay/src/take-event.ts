import { messageToFormB, toFormB } from '@kubearmor-ts/event';
import { Alert, Log, Message } from '@kubearmor-ts/proto';
import type { FeedKind, LogFeed } from '@kubearmor-ts/stream';

export interface EventSinks {
  readonly feed: LogFeed;
  readonly exporters: readonly { push(event: Alert | Log): void }[];
  /** Sees every alert and log, with its bytes. */
  readonly watch?: (kind: 'alerts' | 'logs', bytes: Buffer, event: Alert | Log) => void;
  /** Prints one JSON line of the kind, when the user asked for it. */
  readonly print: Readonly<Partial<Record<FeedKind, (line: string) => void>>>;
}

export interface TakeCounts {
  readonly taken: Readonly<Record<FeedKind, number>>;
  /** Messages of agents that were not what they should be; they go nowhere. */
  readonly malformed: number;
}

export interface TakeEvent {
  (kind: FeedKind, bytes: Buffer): void;
  counts(): TakeCounts;
}

/**
 * One message of an agent to everybody who wants it. Subscribers get the very bytes, so fields of newer agents
 * survive; a message that cannot be decoded is counted and not passed on, since it would end their streams.
 */
export function createTakeEvent(sinks: EventSinks): TakeEvent {
  const taken: Record<FeedKind, number> = { alerts: 0, logs: 0, messages: 0 };
  let malformed = 0;

  const take = (kind: FeedKind, bytes: Buffer): void => {
    taken[kind] += 1;
    try {
      if (kind === 'messages') {
        const message = Message.decode(bytes);
        sinks.print.messages?.(messageToFormB(message));
      } else {
        const event = kind === 'alerts' ? Alert.decode(bytes) : Log.decode(bytes);
        sinks.print[kind]?.(toFormB(event));
        for (const exporter of sinks.exporters) exporter.push(event);
        sinks.watch?.(kind, bytes, event);
      }
    } catch {
      malformed += 1;
      return;
    }
    sinks.feed.publishRaw(kind, bytes);
  };
  return Object.assign(take, { counts: () => ({ taken: { ...taken }, malformed }) });
}
