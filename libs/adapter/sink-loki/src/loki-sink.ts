import { toFormB } from '@kubearmor-ts/event';
import type { Clock } from '@kubearmor-ts/life';
import type { Delivery, Sink, SinkRecord } from '@kubearmor-ts/sink';
import { createHttpSender, deliverParts, partsBySize } from '@kubearmor-ts/sink-net';
import type { Authorization } from '@kubearmor-ts/sink-net';
import { readLokiAnswer } from './loki-answer.ts';
import type { LokiConfig } from './loki-config.ts';
import { encodePush, toLokiEntry } from './loki-streams.ts';
import type { LokiEntry } from './loki-streams.ts';

export interface LokiSinkOptions {
  readonly config: LokiConfig;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of an event's line. KubeArmor's own JSON when absent. */
  readonly toBody?: (record: SinkRecord) => string;
}

export function createLokiSink(options: LokiSinkOptions): Sink {
  const { config } = options;
  const authorization = authorizationOf(config);
  const sender = createHttpSender({
    ...config,
    ...(authorization === undefined ? {} : { authorization }),
    clock: options.clock,
    env: options.env,
  });
  const headers = {
    'content-type': 'application/json',
    ...(config.tenant === '' ? {} : { 'x-scope-orgid': config.tenant }),
  };
  const toBody = options.toBody ?? (({ event }: SinkRecord) => toFormB(event));

  function deliver(batch: readonly SinkRecord[], signal: AbortSignal): Promise<Delivery> {
    const entries = batch.map((record) => toLokiEntry(record, toBody(record), config));
    const parts = partsBySize(entries, sizeOf, {
      maxBytes: config.maxRequestBytes,
      maxItems: config.batchSize,
    });
    return deliverParts(
      parts,
      async (part) =>
        readLokiAnswer(
          await sender.send(
            { method: 'POST', path: '/loki/api/v1/push', headers, body: encodePush(part) },
            signal,
          ),
          part,
        ),
      signal,
    );
  }

  return {
    type: 'loki',
    target: sender.target,
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    deliver,
    close: () => sender.close(),
  };
}

/** Labels are shared by a stream; metadata is small. */
const sizeOf = ({ line }: LokiEntry): number => Buffer.byteLength(line) + 200;

function authorizationOf({ user, password, bearer }: LokiConfig): Authorization | undefined {
  if (password !== undefined) return { user, password };
  return bearer === undefined ? undefined : { scheme: 'Bearer', secret: bearer };
}
