import { toFormB } from '@kubearmor-ts/event';
import type { Clock } from '@kubearmor-ts/life';
import { eventTimeText } from '@kubearmor-ts/schema-maps';
import type { Delivery, Sink, SinkRecord } from '@kubearmor-ts/sink';
import { createHttpSender, deliverParts, eventIdOf, partsBySize } from '@kubearmor-ts/sink-net';
import type { Authorization } from '@kubearmor-ts/sink-net';
import { bulkFilter, readBulkAnswer } from './bulk-answer.ts';
import type { ElasticConfig } from './elastic-config.ts';
import { putTemplate } from './index-template.ts';

export interface ElasticSinkOptions {
  readonly config: ElasticConfig;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** JSON text of a document, with `@timestamp`. KubeArmor's own JSON when absent. */
  readonly toDocument?: (record: SinkRecord) => string;
}

/** An item of an answer takes some 150 bytes; an error some 400. */
const answerBytesPerItem = 1024;

export function createElasticSink(options: ElasticSinkOptions): Sink {
  const { config } = options;
  const authorization = authorizationOf(config);
  const sender = createHttpSender({
    ...config,
    ...(authorization === undefined ? {} : { authorization }),
    clock: options.clock,
    env: options.env,
  });
  const pipeline = config.pipeline === '' ? '' : `&pipeline=${encodeURIComponent(config.pipeline)}`;
  const path = `/_bulk?${bulkFilter}${pipeline}`;
  let isTemplateDue = config.template !== 'none';

  async function deliver(batch: readonly SinkRecord[], signal: AbortSignal): Promise<Delivery> {
    if (isTemplateDue) {
      // Documents that come before the template would get guessed types, and an index where a data stream is wanted.
      const problem = await putTemplate(config, sender, signal);
      if (problem !== undefined) return { kind: 'retry', reason: problem };
      isTemplateDue = false;
    }
    const lines = batch.map((record) => {
      const text = toFormB(record.event);
      const document = options.toDocument?.(record) ?? withTime(record, text);
      const index = record.kind === 'alerts' ? config.alerts : config.logs;
      // A repeat, also one from another relay or after a crash, has the same one.
      return `${JSON.stringify({ create: { _index: index, _id: eventIdOf(text) } })}\n${document}\n`;
    });
    const parts = partsBySize(lines, (line) => Buffer.byteLength(line), {
      maxBytes: config.maxRequestBytes,
      maxItems: config.batchSize,
    });
    return deliverParts(
      parts,
      async (part) =>
        readBulkAnswer(
          await sender.send(
            {
              method: 'POST',
              path,
              headers: { 'content-type': 'application/x-ndjson' },
              body: part.join(''),
              maxAnswerBytes: 64 * 1024 + part.length * answerBytesPerItem,
            },
            signal,
          ),
          part.length,
        ),
      signal,
    );
  }

  return {
    type: 'elastic',
    target: sender.target,
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    deliver,
    close: () => sender.close(),
  };
}

function authorizationOf({ user, password, apiKey, bearer }: ElasticConfig): Authorization | undefined {
  if (password !== undefined) return { user, password };
  if (apiKey !== undefined) return { scheme: 'ApiKey', secret: apiKey };
  return bearer === undefined ? undefined : { scheme: 'Bearer', secret: bearer };
}

const withTime = ({ event }: SinkRecord, text: string): string =>
  `{"@timestamp":"${eventTimeText(event)}",${text.slice(1)}`;
