import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Alert, Log, Message } from '@kubearmor-ts/proto';
import { Broadcast } from './broadcast.ts';
import type { BroadcastCounts } from './broadcast.ts';
import type { ReplayBuffer } from './replay-buffer.ts';
import { Slab } from './slab.ts';

export type FeedKind = 'alerts' | 'logs' | 'messages';

export interface LogFeedOptions {
  /** Messages each subscriber may lag behind. Existing relays keep 1000 alerts, which one read of a busy ring fills. */
  readonly ringCapacity?: Readonly<Record<FeedKind, number>>;
  readonly maxSubscribersPerKind?: number;
  /** Gets every event as well, encoded, for relays that come back for what they missed. */
  readonly replay?: ReplayBuffer;
}

/** Where events enter the LogService: typed ones are encoded once, raw ones pass as they are. */
export interface LogFeed {
  publishAlert(alert: Alert): void;
  publishLog(log: Log): void;
  publishMessage(message: Message): void;
  /** `bytes` is one encoded message of the kind; it must not change afterwards. */
  publishRaw(kind: FeedKind, bytes: Buffer): void;
  /** Encoding an event that nobody listens to is waste; callers on a hot path may ask first. */
  hasSubscribers(kind: FeedKind): boolean;
  counts(): Readonly<Record<FeedKind, BroadcastCounts>>;
}

/** The feed with the side the server sees. */
export interface ServedLogFeed extends LogFeed {
  readonly broadcasts: Readonly<Record<FeedKind, Broadcast>>;
}

const defaultRings: Readonly<Record<FeedKind, number>> = { alerts: 10_000, logs: 10_000, messages: 1000 };

export function createLogFeed(options: LogFeedOptions = {}): ServedLogFeed {
  const rings = options.ringCapacity ?? defaultRings;
  const limit = options.maxSubscribersPerKind ?? 256;
  const broadcasts = {
    alerts: new Broadcast(rings.alerts, limit),
    logs: new Broadcast(rings.logs, limit),
    messages: new Broadcast(rings.messages, limit),
  };
  const { replay } = options;
  // A block lives as long as one message in it, so messages that live equally long share one.
  const slabs = { alerts: new Slab(), logs: new Slab(), messages: new Slab() };
  // One for all: a new writer grows its buffer from nothing for every event.
  const writer = new BinaryWriter();
  const publish = (kind: FeedKind, encode: (writer: BinaryWriter) => BinaryWriter): void => {
    if (!broadcasts[kind].hasSubscribers && replay === undefined) {
      broadcasts[kind].publish(noBytes);
      return;
    }
    try {
      encode(writer);
    } catch (failure) {
      writer.finish();
      throw failure;
    }
    publishRaw(kind, slabs[kind].keep(writer.finish()));
  };
  const publishRaw = (kind: FeedKind, bytes: Buffer): void => {
    broadcasts[kind].publish(bytes);
    replay?.publish(kind, bytes);
  };
  return {
    broadcasts,
    publishAlert: (alert) => publish('alerts', (into) => Alert.encode(alert, into)),
    publishLog: (log) => publish('logs', (into) => Log.encode(log, into)),
    publishMessage: (message) => publish('messages', (into) => Message.encode(message, into)),
    publishRaw,
    hasSubscribers: (kind) => broadcasts[kind].hasSubscribers,
    counts: () => ({
      alerts: broadcasts.alerts.counts,
      logs: broadcasts.logs.counts,
      messages: broadcasts.messages.counts,
    }),
  };
}

const noBytes = Buffer.alloc(0);
