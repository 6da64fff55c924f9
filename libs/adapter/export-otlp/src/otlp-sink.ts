import type { Clock } from '@kubearmor-ts/life';
import type { Delivery, Sink, SinkRecord } from '@kubearmor-ts/sink';
import { deliverParts } from '@kubearmor-ts/sink-net';
import type { PartAnswer } from '@kubearmor-ts/sink-net';
import type { OtlpTransport } from './delivery.ts';
import { LogsEncoder } from './encode-logs.ts';
import { createTransport } from './otlp-config.ts';
import type { OtlpConfig } from './otlp-config.ts';

export interface OtlpSinkOptions {
  readonly config: OtlpConfig;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Events as OpenTelemetry logs. What a receiver says it may not have, a wrong token or path, is tried again against the
 * letter of OTLP: it is a mistake that somebody mends, and the events are to be there then.
 */
export function createOtlpSink({ config, clock, env }: OtlpSinkOptions): Sink {
  const nowMs = (): number => Number(clock.wallNs() / 1_000_000n);
  const transport = createTransport(config, 'logs', { env, nowMs });
  const encoder = new LogsEncoder();

  async function deliver(batch: readonly SinkRecord[], signal: AbortSignal): Promise<Delivery> {
    let unnamed = 0;
    let said = '';
    const send = async (part: readonly SinkRecord[]): Promise<PartAnswer> => {
      const sent = await sendPart(part, encoder, transport, clock, signal);
      unnamed += sent.unnamed;
      said ||= sent.said;
      return sent.answer;
    };
    const delivery = await deliverParts([batch], send, signal);
    if (unnamed === 0 || delivery.kind !== 'delivered') return delivery;
    return { ...delivery, unnamed: { count: unnamed, reason: said } };
  }

  return {
    type: 'otlp',
    target: transport.target,
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    deliver,
    close: async () => {
      await transport.close();
    },
  };
}

interface Sent {
  readonly answer: PartAnswer;
  readonly unnamed: number;
  readonly said: string;
}

async function sendPart(
  part: readonly SinkRecord[],
  encoder: LogsEncoder,
  transport: OtlpTransport,
  clock: Clock,
  signal: AbortSignal,
): Promise<Sent> {
  const nothing = { unnamed: 0, said: '' };
  let bytes: Uint8Array;
  try {
    bytes = encoder.encode(
      part.map(({ event }) => event),
      clock.wallNs(),
    );
  } catch (cause) {
    // One event that cannot be told must not hold the others.
    const reason = `cannot be encoded: ${cause instanceof Error ? cause.message : String(cause)}`;
    return { ...nothing, answer: { kind: 'halve', reason } };
  }
  const delivery = await transport.deliver(bytes, signal);
  switch (delivery.kind) {
    case 'delivered': {
      const count = Math.min(part.length, Math.max(0, delivery.rejected));
      if (count < part.length || count === 0)
        return { answer: { kind: 'done' }, unnamed: count, said: delivery.message };
      const rejected = part.map((_, index) => ({ index, reason: delivery.message }));
      return { ...nothing, answer: { kind: 'done', rejected } };
    }
    case 'retry': {
      const { reason, afterMs } = delivery;
      return { ...nothing, answer: { kind: 'again', reason, ...(afterMs === undefined ? {} : { afterMs }) } };
    }
    case 'refused': {
      const kind = delivery.why === 'not allowed' ? 'again' : 'halve';
      return { ...nothing, answer: { kind, reason: delivery.reason } };
    }
  }
}
