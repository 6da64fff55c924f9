import { toFormB } from '@kubearmor-ts/event';
import type { Clock } from '@kubearmor-ts/life';
import { eventTimeNs } from '@kubearmor-ts/schema-maps';
import type { Delivery, Sink, SinkRecord } from '@kubearmor-ts/sink';
import { createHttpSender, deliverParts, excerpt, partsBySize } from '@kubearmor-ts/sink-net';
import type { HttpSender, PartAnswer } from '@kubearmor-ts/sink-net';
import { readAcks, readSplunkAnswer } from './splunk-answer.ts';
import type { SplunkConfig } from './splunk-config.ts';

export interface SplunkSinkOptions {
  readonly config: SplunkConfig;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names the channel of acknowledgements: a GUID of this sink alone. */
  readonly channel: string;
  /** JSON text of an event's body. KubeArmor's own JSON when absent. */
  readonly toBody?: (record: SinkRecord) => string;
}

interface Encoded {
  readonly text: string;
  readonly place: number;
}

const collector = '/services/collector';

export function createSplunkSink(options: SplunkSinkOptions): Sink {
  const { config, clock } = options;
  const sender = createHttpSender({
    ...config,
    authorization: { scheme: 'Splunk', secret: config.token },
    clock,
    env: options.env,
  });
  const encode = encoderOf(options);
  const headers = { 'content-type': 'application/json', 'x-splunk-request-channel': options.channel };

  async function deliver(batch: readonly SinkRecord[], signal: AbortSignal): Promise<Delivery> {
    /** By acknowledgement id: the places in the batch that it stands for. */
    const pending = new Map<number, readonly number[]>();
    const send = async (part: readonly Encoded[]): Promise<PartAnswer> => {
      const answer = await sender.send(
        {
          method: 'POST',
          path: `${collector}/event`,
          headers,
          body: part.map(({ text }) => text).join('\n'),
        },
        signal,
      );
      const read = readSplunkAnswer(answer, part.length);
      if (read.kind === 'not taken') return read.answer;
      if (read.ackId !== undefined && config.ack) {
        const earlier = pending.get(read.ackId) ?? [];
        pending.set(read.ackId, [...earlier, ...part.map(({ place }) => place)]);
      }
      return { kind: 'done' };
    };
    const items = batch.map((record, place) => ({ text: encode(record), place }));
    const parts = partsBySize(items, ({ text }) => Buffer.byteLength(text) + 1, {
      maxBytes: config.maxRequestBytes,
      maxItems: config.batchSize,
    });
    const delivery = await deliverParts(parts, send, signal);
    if (pending.size === 0) return delivery;
    const problem = await waitForAcks(pending, sender, options, signal);
    return pending.size === 0
      ? delivery
      : withUnacknowledged(delivery, [...pending.values()].flat(), problem, batch.length);
  }

  return {
    type: 'splunk',
    target: sender.target,
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    deliver,
    close: () => sender.close(),
  };
}

/** Takes out of `pending` what the indexers acknowledge, until none is left or the time is over. Says what hindered. */
async function waitForAcks(
  pending: Map<number, unknown>,
  sender: HttpSender,
  { config, clock, channel }: SplunkSinkOptions,
  signal: AbortSignal,
): Promise<string> {
  const deadline = clock.nowMs() + config.ackTimeoutMs;
  let problem = 'the indexers did not acknowledge in time';
  while (pending.size > 0 && !signal.aborted && clock.nowMs() < deadline) {
    const asked = [...pending.keys()];
    const answer = await sender.send(
      {
        method: 'POST',
        path: `${collector}/ack?channel=${encodeURIComponent(channel)}`,
        headers: { 'content-type': 'application/json', 'x-splunk-request-channel': channel },
        body: JSON.stringify({ acks: asked }),
      },
      signal,
    );
    const acknowledged = readAcks(answer, asked);
    if (acknowledged === undefined) {
      const said =
        answer.kind === 'failed' ? answer.reason : `HTTP ${String(answer.status)}${excerpt(answer.body)}`;
      problem = `acknowledgements cannot be asked for: ${said}`;
    }
    // Splunk forgets an acknowledgement once it has told it.
    for (const id of acknowledged ?? []) pending.delete(id);
    if (pending.size > 0) await clock.sleep(config.ackPollMs, signal);
  }
  return problem;
}

function withUnacknowledged(
  delivery: Delivery,
  places: readonly number[],
  problem: string,
  total: number,
): Delivery {
  if (delivery.kind === 'refused') return delivery;
  const open = delivery.kind === 'retry' ? (delivery.indexes ?? []) : [];
  const indexes = [...open, ...places].sort((a, b) => a - b);
  const rejected = delivery.rejected ?? [];
  return {
    kind: 'retry',
    reason: delivery.kind === 'retry' ? delivery.reason : problem,
    ...(delivery.kind === 'retry' && delivery.afterMs !== undefined ? { afterMs: delivery.afterMs } : {}),
    ...(indexes.length === total ? {} : { indexes }),
    ...(rejected.length === 0 ? {} : { rejected }),
  };
}

/** The envelope around each body: what is the same for all events is made once. */
function encoderOf({ config, toBody }: SplunkSinkOptions): (record: SinkRecord) => string {
  const fixed = JSON.stringify({
    source: config.source,
    sourcetype: config.sourcetype,
    ...(config.index === '' ? {} : { index: config.index }),
  }).slice(1, -1);
  const body = toBody ?? (({ event }: SinkRecord) => toFormB(event));
  return (record) =>
    `{"time":${secondsText(eventTimeNs(record.event))},"host":${JSON.stringify(record.event.HostName)},${fixed},"event":${body(record)}}`;
}

/** As text: a number of JavaScript cannot hold seconds with nine places. */
const secondsText = (ns: bigint): string =>
  `${String(ns / 1_000_000_000n)}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
