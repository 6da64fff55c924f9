/**
 * Events to an HTTP receiver of the user's own.
 *
 *  1. 2xx is delivery, whatever the answer says. 400, 413 and 422 speak of the content: the request is halved until
 *     the event at fault stands alone, and is rejected. Everything else is tried again, after `Retry-After` if given.
 *  2. A request is signed when it is sent, so its timestamp is that of the attempt.
 *  3. Neither target nor reasons hold the path: it is a secret with some receivers.
 */
import type { Clock } from '@kubearmor-ts/life';
import type { Delivery, RejectedRecord, Sink, SinkRecord } from '@kubearmor-ts/sink';
import {
  createHttpSender,
  deliverParts,
  excerpt,
  judgeStatus,
  partsBySize,
  readSecret,
} from '@kubearmor-ts/sink-net';
import type { Authorization, PartAnswer } from '@kubearmor-ts/sink-net';
import { contentTypes, encodeEvent, requestBody } from './encode-request.ts';
import type { EncodedEvent } from './encode-request.ts';
import { signatureHeaders } from './sign-request.ts';
import type { WebhookConfig } from './webhook-config.ts';

export interface WebhookSinkOptions {
  readonly config: WebhookConfig;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const contentIsWrong = new Set([400, 413, 422]);
/** For the brackets of a list and a comma between two events. */
const frameBytes = 2;

export function createWebhookSink({ config, clock, env }: WebhookSinkOptions): Sink {
  const authorization = authorizationOf(config);
  const counts = { cut: 0 };
  const sender = createHttpSender({
    // The path goes with each request: to a receiver of one's own a last slash may matter.
    url: new URL(config.url.origin),
    tls: config.tls,
    timeoutMs: config.timeoutMs,
    compression: config.compression,
    headers: config.headers,
    ...(authorization === undefined ? {} : { authorization }),
    clock,
    env,
  });

  async function post(part: readonly EncodedEvent[], signal: AbortSignal): Promise<PartAnswer> {
    const body = requestBody(config.style, part);
    const headers: Record<string, string> = { 'content-type': contentTypes[config.style] };
    if (config.signingSecret !== undefined) {
      const secret = await readSecret(config.signingSecret, env);
      if (!secret.ok) return { kind: 'again', reason: secret.error };
      Object.assign(headers, signatureHeaders(secret.value, body, Number(clock.wallNs() / 1_000_000_000n)));
    }
    let path = config.url.pathname;
    if (config.path !== undefined) {
      const secret = await readSecret(config.path, env);
      if (!secret.ok) return { kind: 'again', reason: secret.error };
      path = `${path.replace(/\/$/, '')}/${secret.value.replace(/^\//, '')}`;
    }
    const request = { method: 'POST', path: path + config.url.search, headers, body } as const;
    const answer = await sender.send(request, signal);
    if (answer.kind === 'answer' && contentIsWrong.has(answer.status))
      return { kind: 'halve', reason: `HTTP ${String(answer.status)}${excerpt(answer.body)}` };
    const judged = judgeStatus(answer);
    if (judged !== undefined) return judged;
    if (answer.kind === 'answer' && answer.status >= 300)
      return { kind: 'again', reason: `HTTP ${String(answer.status)}${excerpt(answer.body)}` };
    return { kind: 'done' };
  }

  function partsOf(events: readonly EncodedEvent[]): readonly (readonly EncodedEvent[])[] {
    return partsBySize(events, ({ json }) => Buffer.byteLength(json) + frameBytes, {
      maxBytes: config.maxRequestBytes,
      maxItems: config.style === 'cloudevents' ? 1 : config.batchSize,
    });
  }

  return {
    type: 'webhook',
    target: config.url.origin,
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    counts: () => ({ ...counts }),
    deliver: async (batch, signal) => {
      const { events, rejected } = encodeAll(batch, config);
      counts.cut += events.filter(({ isCut }) => isCut).length;
      const delivery = await deliverParts(partsOf(events), (part) => post(part, signal), signal);
      return inTermsOfBatch(delivery, events, rejected);
    },
    close: () => sender.close(),
  };
}

function authorizationOf({ token, user, password }: WebhookConfig): Authorization | undefined {
  if (token !== undefined) return { scheme: 'Bearer', secret: token };
  return password === undefined ? undefined : { user, password };
}

interface Encoded {
  readonly events: readonly EncodedEvent[];
  readonly rejected: readonly RejectedRecord[];
}

function encodeAll(batch: readonly SinkRecord[], config: WebhookConfig): Encoded {
  const events: EncodedEvent[] = [];
  const rejected: RejectedRecord[] = [];
  for (const [index, record] of batch.entries()) {
    try {
      events.push(encodeEvent(record, index, config));
    } catch (cause) {
      // One event that cannot be told must not hold up all that come after it.
      const reason = cause instanceof Error ? cause.message : String(cause);
      rejected.push({ index, reason: `cannot be encoded: ${reason}` });
    }
  }
  return { events, rejected };
}

/** The parts count only what could be encoded; the runtime counts the batch. */
function inTermsOfBatch(
  delivery: Delivery,
  events: readonly EncodedEvent[],
  unencoded: readonly RejectedRecord[],
): Delivery {
  if (delivery.kind === 'refused') return delivery;
  const rejected = [
    ...unencoded,
    ...(delivery.rejected ?? []).map(({ index, reason }) => ({ index: events[index]!.index, reason })),
  ];
  if (delivery.kind === 'delivered') return { kind: 'delivered', rejected };
  const indexes = (delivery.indexes ?? [...events.keys()]).map((index) => events[index]!.index);
  return { ...delivery, indexes, rejected };
}
