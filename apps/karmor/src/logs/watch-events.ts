import type { Alert, Log } from '@kubearmor-ts/proto';
import { StreamError, createLogClient, tlsChannelCredentials } from '@kubearmor-ts/stream';
import type { TlsBytesSource } from '@kubearmor-ts/stream';
import type { EventFilter } from './event-filter.ts';
import { eventText, messageText } from './event-form.ts';
import type { OutputForm } from './event-form.ts';

/** Takes one printed event; waits while the reader of it is slow. */
export type Output = (text: string) => Promise<void>;

export interface WatchOptions {
  readonly address: string;
  /** Absent: plaintext. */
  readonly identity?: TlsBytesSource;
  readonly filter: EventFilter;
  readonly form: OutputForm;
  /** Alerts, logs or both. */
  readonly streams: readonly ('alerts' | 'logs')[];
  /** Absent: not watched. */
  readonly events?: Output;
  readonly messages?: Output;
  /** Received events, before the filter, after which watching ends; 0 is no end. */
  readonly limit: number;
  readonly say: (status: string) => void;
}

/** Watches until the limit is reached or the signal fires; throws a StreamError when a stream fails or ends. */
export async function watchEvents(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const client = createLogClient({
    address: options.address,
    ...(options.identity === undefined ? {} : { credentials: tlsChannelCredentials(options.identity) }),
  });
  options.say(`Created a gRPC client (${options.address})`);
  let received = 0;

  const show = async (stream: AsyncIterable<Alert | Log>, output: Output): Promise<void> => {
    for await (const event of stream) {
      received += 1;
      if (options.filter(event)) await output(eventText(event, options.form));
      if (options.limit > 0 && received >= options.limit) done.abort();
      if (either.aborted) return;
    }
  };

  try {
    const parts: Promise<void>[] = [];
    const { events, messages } = options;
    if (messages !== undefined) {
      parts.push(
        (async () => {
          for await (const message of client.watchMessages('all', either)) {
            await messages(messageText(message, options.form));
          }
        })(),
      );
      options.say('Started to watch messages');
    }
    if (events !== undefined) {
      for (const kind of options.streams) {
        parts.push(
          show(
            kind === 'alerts' ? client.watchAlerts('policy', either) : client.watchLogs('system', either),
            events,
          ),
        );
        options.say(`Started to watch ${kind}`);
      }
    }
    const isAlive = client.healthCheck().then(() => options.say('Checked the liveness of the gRPC server'));
    await Promise.race([isAlive, ...parts]);
    await Promise.race(parts);
    if (!either.aborted)
      throw new StreamError('KA_STREAM_ENDED', options.address, 'the server ended the stream');
  } finally {
    done.abort();
    client.close();
  }
}
