import { Alert, Log } from '@kubearmor-ts/proto';
import { eventTimeMs, networkFacts } from '@kubearmor-ts/schema-maps';
import type { RecordSource, SinkRecord } from '@kubearmor-ts/sink';
import type { LogFeed } from '@kubearmor-ts/stream';
import type { PeerName } from './peer-book.ts';

/** Says who an address belonged to at a time, in Unix milliseconds. */
export type FindPeer = (ip: string, timeMs: number) => PeerName | undefined;

export interface NamePeers {
  /** The source's records, with the names of peers. What the source gives is shared and stays as it is. */
  source(source: RecordSource): RecordSource;
  feed<F extends LogFeed>(feed: F): F;
  /** The encoded event with the fields behind it that name its peer; the same bytes where there is nothing to name. */
  bytes(kind: 'alerts' | 'logs', bytes: Buffer): Buffer;
  readonly counts: { readonly named: number; readonly unknown: number };
}

interface PeerFields {
  readonly PeerKind: string;
  readonly PeerNamespace: string;
  readonly PeerName: string;
}

/** `Network` and `NetworkFirewall`: only these are looked into. */
const networkWord = Buffer.from('Network');

/** Adds to network events who is behind the peer's address: fields 1000 to 1002 of an Alert or a Log. */
export function createNamePeers(find: FindPeer): NamePeers {
  const counts = { named: 0, unknown: 0 };

  const fieldsFor = (event: Alert | Log): PeerFields | undefined => {
    // Who knew it closer to the event is not overruled.
    if (event.PeerName !== '' || !event.Operation.startsWith('Network')) return undefined;
    const facts = networkFacts(event);
    const isInbound = event.Operation === 'NetworkFirewall' && event.Resource === 'INGRESS';
    const ip = isInbound ? facts?.sourceAddress : facts?.peerAddress;
    if (ip === undefined || ip === '') return undefined;
    const peer = find(ip.toLowerCase(), eventTimeMs(event));
    if (peer === undefined) {
      counts.unknown += 1;
      return undefined;
    }
    counts.named += 1;
    return { PeerKind: peer.kind, PeerNamespace: peer.namespace, PeerName: peer.name };
  };

  const named = (record: SinkRecord): SinkRecord => {
    const fields = fieldsFor(record.event);
    return fields === undefined
      ? record
      : ({ ...record, event: { ...record.event, ...fields } } as SinkRecord);
  };

  const bytes = (kind: 'alerts' | 'logs', encoded: Buffer): Buffer => {
    if (!encoded.includes(networkWord)) return encoded;
    let fields: PeerFields | undefined;
    try {
      fields = fieldsFor(kind === 'alerts' ? Alert.decode(encoded) : Log.decode(encoded));
    } catch {
      // Whoever takes it counts that it cannot be read.
      return encoded;
    }
    if (fields === undefined) return encoded;
    const more = kind === 'alerts' ? Alert.encode(Alert.create(fields)) : Log.encode(Log.create(fields));
    // Protobuf reads fields in any order: what follows the message belongs to it.
    return Buffer.concat([encoded, more.finish()]);
  };

  return {
    counts,
    bytes,
    source: (source) => ({
      read: async (maxRecords, maxBytes) => {
        const read = await source.read(maxRecords, maxBytes);
        return { ...read, records: read.records.map(named) };
      },
      waitForMore: (signal) => source.waitForMore(signal),
      commit: (position) => source.commit(position),
      get lag() {
        return source.lag;
      },
      close: () => source.close(),
    }),
    feed: (feed) => ({
      ...feed,
      publishRaw: (kind, encoded) =>
        feed.publishRaw(kind, kind === 'messages' ? encoded : bytes(kind, encoded)),
    }),
  };
}
