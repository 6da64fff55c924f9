import { Metadata, credentials as grpcCredentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { ChannelCredentials, Client, ClientReadableStream } from '@grpc/grpc-js';
import type { Clock } from '@kubearmor-ts/life';
import { Alert, Log, Message } from '@kubearmor-ts/proto';
import type { LogServiceClient, ReplyMessage, RequestMessage } from '@kubearmor-ts/proto';
import { StreamError, toStreamError } from './errors.ts';
import { readEventStream } from './event-stream-call.ts';
import type { EventStreamHandlers } from './event-stream-call.ts';
import type { FeedKind } from './log-feed.ts';
import { rawLogServiceDefinition } from './raw-definition.ts';
import { reporting } from './tls-credentials.ts';

export interface LogClientOptions {
  /** `host:port`. */
  readonly address: string;
  /** Plaintext when absent. */
  readonly credentials?: ChannelCredentials;
  /** For answers to single calls and for reaching the peer at all. */
  readonly deadlineMs?: number;
  /** What the peer may send ahead of what was read here; 4 MiB when absent. */
  readonly windowBytes?: number;
}

/** One connection to a LogService; it does not reconnect. */
export interface LogClient {
  readonly address: string;
  /** Rejects unless the peer gives the nonce back. */
  healthCheck(): Promise<void>;
  /** Encoded messages as they came. Ends when the peer ends the stream or the signal fires; throws a StreamError. */
  watchRaw(kind: FeedKind, filter: string, signal: AbortSignal): AsyncIterable<Buffer>;
  /** Reads the peer's batches until the signal fires; false at once when it does not serve any. */
  streamEvents(
    handlers: EventStreamHandlers,
    clock: Clock,
    onOpened: () => void,
    signal: AbortSignal,
  ): Promise<boolean>;
  watchAlerts(filter: string, signal: AbortSignal): AsyncIterable<Alert>;
  watchLogs(filter: string, signal: AbortSignal): AsyncIterable<Log>;
  watchMessages(filter: string, signal: AbortSignal): AsyncIterable<Message>;
  close(): void;
}

interface RawClient extends Client {
  healthCheck: LogServiceClient['healthCheck'];
  watchAlerts(request: RequestMessage): ClientReadableStream<Buffer>;
  watchLogs(request: RequestMessage): ClientReadableStream<Buffer>;
  watchMessages(request: RequestMessage): ClientReadableStream<Buffer>;
}

const RawLogServiceClient = makeGenericClientConstructor(
  rawLogServiceDefinition,
  'feeder.LogService',
) as unknown as new (address: string, credentials: ChannelCredentials, options: object) => RawClient;

const methods = { alerts: 'watchAlerts', logs: 'watchLogs', messages: 'watchMessages' } as const;

export function createLogClient(options: LogClientOptions): LogClient {
  const { address } = options;
  let handshake: string | undefined;
  const credentials = reporting(options.credentials ?? grpcCredentials.createInsecure(), (reason) => {
    handshake = reason;
  });
  const toError = (failure: unknown): StreamError => toStreamError(address, failure, handshake);
  const client = new RawLogServiceClient(address, credentials, {
    // The pool shares sockets among clients of one address: closing ours would leave a dead one behind.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    // Existing servers close connections that ping more often than every five minutes; liveness is seen by HealthCheck.
    'grpc.keepalive_time_ms': 320_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // The default of 64 KiB holds a hundred alerts, and then the peer waits until this process gets its turn.
    'grpc-node.flow_control_window': options.windowBytes ?? 4 << 20,
  });
  let nonce = 1;
  const calls = new Set<ClientReadableStream<Buffer>>();

  async function* watchRaw(kind: FeedKind, filter: string, signal: AbortSignal): AsyncGenerator<Buffer> {
    if (signal.aborted) return;
    const call = client[methods[kind]]({ Filter: filter });
    calls.add(call);
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for await (const bytes of call) yield bytes as Buffer;
    } catch (failure) {
      if (!signal.aborted) throw toError(failure);
    } finally {
      signal.removeEventListener('abort', cancel);
      calls.delete(call);
      // A cancelled call still reports its status; nobody is left to hear it.
      call.on('error', () => undefined);
      call.cancel();
    }
  }

  async function* decoded<T>(
    kind: FeedKind,
    filter: string,
    signal: AbortSignal,
    decode: (bytes: Buffer) => T,
  ): AsyncGenerator<T> {
    for await (const bytes of watchRaw(kind, filter, signal)) {
      let value: T;
      try {
        value = decode(bytes);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new StreamError('KA_STREAM_BAD_MESSAGE', address, `${kind}: ${reason}`, cause);
      }
      yield value;
    }
  }

  return {
    address,
    healthCheck: () => {
      const sent = nonce;
      nonce = nonce >= 2_147_483_647 ? 1 : nonce + 1;
      return new Promise<void>((resolve, reject) => {
        const done = (failure: unknown, reply: ReplyMessage | undefined): void => {
          if (failure !== null) reject(toError(failure));
          else if (reply?.Retval === sent) resolve();
          else
            reject(
              new StreamError(
                'KA_STREAM_NO_ECHO',
                address,
                `sent ${String(sent)}, got ${String(reply?.Retval)}`,
              ),
            );
        };
        client.healthCheck(
          { nonce: sent },
          new Metadata(),
          { deadline: Date.now() + (options.deadlineMs ?? 5000) },
          done,
        );
      });
    },
    watchRaw,
    streamEvents: (handlers, clock, onOpened, signal) =>
      readEventStream(client, address, toError, handlers, clock, onOpened, signal),
    watchAlerts: (filter, signal) => decoded('alerts', filter, signal, (bytes) => Alert.decode(bytes)),
    watchLogs: (filter, signal) => decoded('logs', filter, signal, (bytes) => Log.decode(bytes)),
    watchMessages: (filter, signal) => decoded('messages', filter, signal, (bytes) => Message.decode(bytes)),
    close: () => {
      // A stream that nobody reads any more would hold its connection open for ever.
      for (const call of calls) {
        call.on('error', () => undefined);
        call.cancel();
      }
      client.close();
    },
  };
}
