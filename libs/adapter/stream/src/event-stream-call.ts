import { status } from '@grpc/grpc-js';
import type { Client, ClientDuplexStream } from '@grpc/grpc-js';
import { StreamEventsRequest, readBatch, readStreamResponse } from '@kubearmor-ts/proto';
import type { Cursor, EventBatch } from '@kubearmor-ts/proto';
import { StreamError, grpcStatusOf } from './errors.ts';
import { rawEventStreamDefinition } from './event-stream-service.ts';

export interface EventStreamHandlers {
  /** Our name to the agent. */
  readonly consumer: string;
  /** The place to go on from in the stream; undefined: whatever the agent still has. */
  readonly resumeAfter: (streamId: string, nodeName: string) => Readonly<Cursor> | undefined;
  /** `payload` are the encoded bytes of `batch`. A promise holds the stream back until it settles. */
  readonly onBatch: (
    payload: Buffer,
    batch: EventBatch,
    acknowledge: (through: Readonly<Cursor>) => void,
  ) => void | Promise<void>;
}

type Call = ClientDuplexStream<StreamEventsRequest, Buffer>;

/**
 * Reads one agent's batches until it ends the stream or the signal fires. Throws a StreamError; false when the peer does
 * not know the service at all.
 */
export async function readEventStream(
  client: Client,
  address: string,
  toError: (failure: unknown) => StreamError,
  handlers: EventStreamHandlers,
  onOpened: () => void,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return true;
  const { path, requestSerialize, responseDeserialize } = rawEventStreamDefinition.streamEvents;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize) as Call;
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    let streamId: string | undefined;
    for await (const bytes of call) {
      const response = readStreamResponse(bytes as Buffer);
      if (response?.kind === 'hello' && streamId === undefined) {
        streamId = response.hello.stream_id;
        const after = handlers.resumeAfter(streamId, response.hello.node_name);
        send(call, { $case: 'resume', value: { consumer: handlers.consumer, after } });
        onOpened();
        continue;
      }
      const batch = response?.kind === 'batch' ? readBatch(response.bytes) : undefined;
      if (response?.kind !== 'batch' || batch === undefined || streamId !== batch.streamId || streamId === '')
        throw new StreamError('KA_STREAM_BAD_MESSAGE', address, 'not a batch of the stream that was opened');
      const held = handlers.onBatch(response.bytes, batch, (through) =>
        send(call, { $case: 'ack', value: { through } }),
      );
      if (held !== undefined) await held;
    }
    return true;
  } catch (failure) {
    if (signal.aborted) return true;
    if (grpcStatusOf(failure) === status.UNIMPLEMENTED) return false;
    throw toError(failure);
  } finally {
    signal.removeEventListener('abort', cancel);
    // A cancelled call still reports its status; nobody is left to hear it.
    call.on('error', () => undefined);
    call.cancel();
  }
}

function send(call: Call, request: NonNullable<StreamEventsRequest['request']>): void {
  if (!call.destroyed && !call.writableEnded) call.write(StreamEventsRequest.create({ request }));
}
