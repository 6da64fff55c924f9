import { toFormB } from '@kubearmor-ts/event';
import type { Clock } from '@kubearmor-ts/life';
import type { Delivery, Sink, SinkRecord } from '@kubearmor-ts/sink';
import { deliverParts, partsBySize } from '@kubearmor-ts/sink-net';
import type { PartAnswer } from '@kubearmor-ts/sink-net';
import type { KafkaConfig } from './kafka-config.ts';
import { readKafkaFailure } from './kafka-failure.ts';
import { createKafkaProducer } from './kafka-producer.ts';
import type { KafkaProducer } from './kafka-producer.ts';
import { recordSize, toKafkaRecord } from './kafka-record.ts';
import type { KafkaRecord } from './kafka-record.ts';

export interface KafkaSinkOptions {
  readonly config: KafkaConfig;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** JSON text of a record's value. KubeArmor's own JSON when absent. */
  readonly toBody?: (record: SinkRecord) => string;
}

export function createKafkaSink(options: KafkaSinkOptions): Sink {
  const { config, clock } = options;
  const toBody = options.toBody ?? (({ event }: SinkRecord) => toFormB(event));
  let producer: KafkaProducer | undefined;

  /** A new producer connects anew and reads certificates anew; what the old one had in flight is given up. */
  const drop = (): void => {
    producer?.destroy();
    producer = undefined;
  };

  async function send(part: readonly KafkaRecord[], signal: AbortSignal): Promise<PartAnswer> {
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const timeout = clock.sleep(config.timeoutMs, either).then(() => 'late' as const);
    try {
      producer ??= await createKafkaProducer(config, options.env);
      const sending = producer.send(part).then(() => 'sent' as const);
      const outcome = await Promise.race([sending, timeout]);
      if (outcome === 'sent') return { kind: 'done' };
      // The client has no way to be told to stop; its answer no longer matters.
      sending.catch(() => undefined);
      drop();
      return { kind: 'again', reason: 'the brokers did not answer in time' };
    } catch (failure) {
      const answer = readKafkaFailure(failure);
      if (answer.kind === 'again') drop();
      return answer;
    } finally {
      ended.abort();
    }
  }

  function deliver(batch: readonly SinkRecord[], signal: AbortSignal): Promise<Delivery> {
    const records = batch.map((record) => toKafkaRecord(record, toBody(record), config));
    const parts = partsBySize(records, recordSize, {
      maxBytes: config.maxRequestBytes,
      maxItems: config.batchSize,
    });
    return deliverParts(parts, (part) => send(part, signal), signal);
  }

  return {
    type: 'kafka',
    target: config.brokers.join(','),
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    deliver,
    close: () => {
      drop();
      return Promise.resolve();
    },
  };
}
