import { Alert, Log, Message } from '@kubearmor-ts/proto';
import { Broadcast } from './broadcast.ts';
import type { BroadcastCounts } from './broadcast.ts';

export type FeedKind = 'alerts' | 'logs' | 'messages';

export interface LogFeedOptions {
  /** Messages each subscriber may lag behind. Existing relays keep 1000 alerts, which one read of a busy ring fills. */
  readonly ringCapacity?: Readonly<Record<FeedKind, number>>;
  readonly maxSubscribersPerKind?: number;
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
  const publish = (kind: FeedKind, encode: () => Uint8Array): void => {
    broadcasts[kind].publish(broadcasts[kind].hasSubscribers ? toBuffer(encode()) : noBytes);
  };
  return {
    broadcasts,
    publishAlert: (alert) => publish('alerts', () => Alert.encode(alert).finish()),
    publishLog: (log) => publish('logs', () => Log.encode(log).finish()),
    publishMessage: (message) => publish('messages', () => Message.encode(message).finish()),
    publishRaw: (kind, bytes) => broadcasts[kind].publish(bytes),
    hasSubscribers: (kind) => broadcasts[kind].hasSubscribers,
    counts: () => ({
      alerts: broadcasts.alerts.counts,
      logs: broadcasts.logs.counts,
      messages: broadcasts.messages.counts,
    }),
  };
}

const noBytes = Buffer.alloc(0);

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
