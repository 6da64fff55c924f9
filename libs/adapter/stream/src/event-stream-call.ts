import { status } from '@grpc/grpc-js';
import type { Client, ClientDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '@kubearmor-ts/life';
import { Packing, StreamEventsRequest, readBatchHead, readStreamResponse } from '@kubearmor-ts/proto';
import type { BatchHead, Cursor } from '@kubearmor-ts/proto';
import { StreamError, grpcStatusOf } from './errors.ts';
import { rawEventStreamDefinition } from './event-stream-service.ts';

export interface EventStreamHandlers {
  /** Our name to the agent. */
  readonly consumer: string;
  /** The place to go on from in the stream; undefined: whatever the agent still has. */
  readonly resumeAfter: (streamId: string, nodeName: string) => Readonly<Cursor> | undefined;
  /** `payload` is the batch with this head. A promise holds the stream back until it settles. */
  readonly onBatch: (
    payload: Buffer,
    head: BatchHead,
    acknowledge: (through: Readonly<Cursor>) => void,
  ) => void | Promise<void>;
}

type Call = ClientDuplexStream<StreamEventsRequest, Buffer>;

/** Acknowledgements only free an agent's memory, and each costs as much as a batch: one stands for all of so long. */
const ackEveryMs = 100;

/**
 * Reads one agent's batches until it ends the stream or the signal fires. Throws a StreamError; false when the peer does
 * not know the service at all.
 */
export async function readEventStream(
  client: Client,
  address: string,
  toError: (failure: unknown) => StreamError,
  handlers: EventStreamHandlers,
  clock: Clock,
  onOpened: () => void,
  signal: AbortSignal,
): Promise<boolean> {
  if (signal.aborted) return true;
  const { path, requestSerialize, responseDeserialize } = rawEventStreamDefinition.streamEvents;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize) as Call;
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const ended = new AbortController();
  const acks = new Acknowledgements(call, clock, ended.signal);
  try {
    let streamId: string | undefined;
    for await (const bytes of call) {
      const response = readStreamResponse(bytes as Buffer);
      if (response?.kind === 'hello' && streamId === undefined) {
        streamId = response.hello.stream_id;
        const after = handlers.resumeAfter(streamId, response.hello.node_name);
        const { consumer } = handlers;
        send(call, { $case: 'resume', value: { consumer, after, unpacks: [Packing.ZSTD] } });
        onOpened();
        continue;
      }
      const head = response?.kind === 'batch' ? readBatchHead(response.bytes) : undefined;
      if (response?.kind !== 'batch' || head === undefined || streamId !== head.streamId || streamId === '')
        throw new StreamError('KA_STREAM_BAD_MESSAGE', address, 'not a batch of the stream that was opened');
      const held = handlers.onBatch(response.bytes, head, (through) => acks.send(through));
      if (held !== undefined) await held;
    }
    return true;
  } catch (failure) {
    if (signal.aborted) return true;
    if (grpcStatusOf(failure) === status.UNIMPLEMENTED) return false;
    throw toError(failure);
  } finally {
    signal.removeEventListener('abort', cancel);
    ended.abort();
    // A cancelled call still reports its status; nobody is left to hear it.
    call.on('error', () => undefined);
    call.cancel();
  }
}

/** The first one goes at once, those that follow closely become one. */
class Acknowledgements {
  private readonly call: Call;
  private readonly clock: Clock;
  private readonly ended: AbortSignal;
  private latest: Readonly<Cursor> | undefined;
  private isPausing = false;

  constructor(call: Call, clock: Clock, ended: AbortSignal) {
    this.call = call;
    this.clock = clock;
    this.ended = ended;
  }

  send(through: Readonly<Cursor>): void {
    this.latest = through;
    if (!this.isPausing) void this.sendLatest();
  }

  private async sendLatest(): Promise<void> {
    this.isPausing = true;
    while (this.latest !== undefined && !this.ended.aborted) {
      const through = { ...this.latest };
      this.latest = undefined;
      send(this.call, { $case: 'ack', value: { through } });
      await this.clock.sleep(ackEveryMs, this.ended);
    }
    this.isPausing = false;
  }
}

function send(call: Call, request: NonNullable<StreamEventsRequest['request']>): void {
  if (!call.destroyed && !call.writableEnded) call.write(StreamEventsRequest.create({ request }));
}
