import { eventTimeMs } from '@kubearmor-ts/schema-maps';
import type { SinkRecord } from '@kubearmor-ts/sink';
import type { KafkaConfig } from './kafka-config.ts';

export interface KafkaRecord {
  readonly topic: string;
  readonly key: Buffer | undefined;
  readonly value: Buffer;
  readonly headers: ReadonlyMap<Buffer, Buffer>;
  /** Milliseconds. */
  readonly timestamp: bigint;
}

export function toKafkaRecord(
  record: SinkRecord,
  value: string,
  config: Pick<KafkaConfig, 'alertsTopic' | 'logsTopic' | 'key' | 'recordHeaders'>,
): KafkaRecord {
  const key = keyOf(record, config.key);
  const headers: Readonly<Record<string, string>> = {
    'content-type': 'application/json',
    type: record.kind === 'alerts' ? 'alert' : 'log',
    ...config.recordHeaders,
  };
  return {
    topic: record.kind === 'alerts' ? config.alertsTopic : config.logsTopic,
    key: key === '' ? undefined : Buffer.from(key),
    value: Buffer.from(value),
    headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    timestamp: BigInt(eventTimeMs(record.event)),
  };
}

/** Names, not ids: a pod's container that was restarted is the same workload to a reader. */
function keyOf({ event }: SinkRecord, kind: KafkaConfig['key']): string {
  switch (kind) {
    case 'none':
      return '';
    case 'node':
      return `${event.ClusterName}/${event.HostName}`;
    case 'namespace':
      return `${event.ClusterName}/${event.NamespaceName}`;
    case 'workload':
      return event.ContainerName === '' && event.PodName === ''
        ? `${event.ClusterName}/${event.HostName}`
        : [event.ClusterName, event.NamespaceName, event.PodName || event.HostName, event.ContainerName].join(
            '/',
          );
  }
}

/** What a record takes in a request, nearly. */
export const recordSize = ({ key, value }: KafkaRecord): number => value.length + (key?.length ?? 0) + 100;
