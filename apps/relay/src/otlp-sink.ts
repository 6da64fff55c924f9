import { encodeBatch } from '@kubearmor-ts/export-otlp';
import type { OtlpTransport } from '@kubearmor-ts/export-otlp';
import type { Clock } from '@kubearmor-ts/life';
import { toOtelRecord } from '@kubearmor-ts/schema-maps';
import type { Delivery, Sink, SinkRecord } from '@kubearmor-ts/sink';

/** An OTLP receiver as a sink. */
export function createOtlpSink(type: string, transport: OtlpTransport, clock: Clock): Sink {
  return {
    type,
    target: transport.target,
    limits: { maxItems: 512, maxDelayMs: 200 },
    deliver: async (batch, signal) => {
      let request: Uint8Array;
      try {
        request = encodeBatch(
          batch.map(({ event }) => toOtelRecord(event)),
          clock.wallNs(),
        );
      } catch (cause) {
        return { kind: 'refused', reason: `cannot be encoded: ${String(cause)}` };
      }
      return toDelivery(await transport.deliver(request, signal), batch);
    },
    close: () => {
      transport.close();
      return Promise.resolve();
    },
  };
}

type OtlpDelivery = Awaited<ReturnType<OtlpTransport['deliver']>>;

/** A partial success says how many records were rejected and not which: the count is right, the first ones stand for it. */
function toDelivery(delivery: OtlpDelivery, batch: readonly SinkRecord[]): Delivery {
  if (delivery.kind !== 'delivered') return delivery;
  const reason = `one of the batch was rejected: ${delivery.message}`;
  const rejected = batch.slice(0, Math.max(0, delivery.rejected)).map((_, index) => ({ index, reason }));
  return { kind: 'delivered', rejected };
}
