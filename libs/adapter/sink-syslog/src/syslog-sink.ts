/**
 * Events to a syslog receiver.
 *
 *  1. Over TCP and TLS a batch is delivered when the receiver's kernel has acknowledged all of it; a connection that
 *     broke before is made anew and the whole batch sent again: at least once, in order.
 *  2. Over UDP a datagram counts as delivered when it left; a receiver known to be away is a retry.
 *  3. A message that is too long is cut inside its schema, with a mark, and counted; one that does not fit even so is
 *     rejected with the reason.
 */
import type { Clock } from '@kubearmor-ts/life';
import type { Delivery, RejectedRecord, Sink, SinkRecord } from '@kubearmor-ts/sink';
import { createDatagramChannel } from './datagram-channel.ts';
import { encodeMessage, frameMessage } from './encode-message.ts';
import { createStreamChannel } from './stream-channel.ts';
import { showSyslogAddress } from './syslog-address.ts';
import type { SyslogConfig } from './syslog-config.ts';

export interface SyslogSinkOptions {
  readonly config: SyslogConfig;
  readonly clock: Clock;
}

export interface SyslogCounts {
  /** Messages of which something was cut so that they fit; one that is sent again counts again. */
  readonly cut: number;
  /** Connections made, the first one included; none over UDP. */
  readonly connections: number;
}

export interface SyslogSink extends Sink {
  counts(): Readonly<Record<keyof SyslogCounts, number>>;
}

export function createSyslogSink(options: SyslogSinkOptions): SyslogSink {
  const { config, clock } = options;
  const isDatagram = config.address.transport === 'udp';
  const stream = createStreamChannel(config, clock);
  const datagrams = createDatagramChannel(config, clock);
  let cut = 0;

  function encode(batch: readonly SinkRecord[]): Encoded {
    const indexes: number[] = [];
    const texts: string[] = [];
    const rejected: RejectedRecord[] = [];
    for (const [index, record] of batch.entries()) {
      const message = encodeMessage(record, config);
      if (!message.ok) {
        rejected.push({ index, reason: message.error });
        continue;
      }
      if (message.value.isCut) cut += 1;
      indexes.push(index);
      texts.push(message.value.text);
    }
    return { indexes, texts, rejected };
  }

  async function deliverStream(
    { indexes, texts, rejected }: Encoded,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const bytes = texts.map((text) => frameMessage(text, config.framing)).join('');
    const sent = await stream.send(bytes, signal);
    return sent.ok
      ? { kind: 'delivered', rejected }
      : { kind: 'retry', reason: sent.error, indexes, rejected };
  }

  async function deliverDatagrams(
    { indexes, texts, rejected }: Encoded,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const buffers = texts.map((text) => Buffer.from(text));
    const refused = [...rejected];
    for (let first = 0; ;) {
      const sent = await datagrams.send(buffers.slice(first), signal);
      if (sent.ok) return { kind: 'delivered', rejected: refused };
      const { sent: count, isTooLong, reason } = sent.error;
      first += count;
      if (!isTooLong) return { kind: 'retry', reason, indexes: indexes.slice(first), rejected: refused };
      refused.push({ index: indexes[first]!, reason: `${reason}: lower maxMessageBytes` });
      first += 1;
    }
  }

  return {
    type: 'syslog',
    target: showSyslogAddress(config.address),
    limits: { maxItems: config.batchSize, maxDelayMs: config.batchDelayMs },
    counts: () => ({ cut, connections: stream.connections }),
    deliver: async (batch, signal) => {
      const encoded = encode(batch);
      if (encoded.texts.length === 0) return { kind: 'delivered', rejected: encoded.rejected };
      return isDatagram ? deliverDatagrams(encoded, signal) : deliverStream(encoded, signal);
    },
    close: () => {
      stream.close();
      datagrams.close();
      return Promise.resolve();
    },
  };
}

interface Encoded {
  /** Of the records whose messages are in `texts`. */
  readonly indexes: readonly number[];
  readonly texts: readonly string[];
  readonly rejected: readonly RejectedRecord[];
}
