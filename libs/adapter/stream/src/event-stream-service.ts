import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '@kubearmor-ts/life';
import {
  EventStreamServiceService,
  Packing,
  StreamEventsResponse,
  countByKind,
  encodeBatch,
  encodeBatchResponse,
} from '@kubearmor-ts/proto';
import type { Cursor, EventBatch, StreamEventsRequest } from '@kubearmor-ts/proto';
import type { GrpcService } from './grpc-server.ts';
import type { ReplayBuffer } from './replay-buffer.ts';

export interface EventStreamOptions {
  readonly buffer: ReplayBuffer;
  /** For people, in the hello. */
  readonly nodeName: () => string;
  readonly clock: Clock;
  /** An event that comes so soon after a batch waits for company until then; after a pause it goes at once. */
  readonly gatherMs?: number;
  /** A reader that was away so long is not waited for any more: its events are not held for it. */
  readonly forgetAfterMs?: number;
  readonly maxReaders?: number;
}

export interface EventStreamCounts {
  readonly readers: number;
  readonly sentEvents: number;
  readonly sentBatches: number;
  readonly refused: number;
}

export interface EventStreamService extends GrpcService {
  counts(): EventStreamCounts;
}

type Call = ServerDuplexStream<StreamEventsRequest, Buffer>;

const maxBatchEvents = 256;
/** On the wire: a reader's end of the transport holds up to sixteen messages ahead, of every agent. */
const maxBatchBytes = 64 << 10;
/** Of events, where they pack well. */
const maxUnpackedBytes = 256 << 10;

const identity = (bytes: Buffer): Buffer => bytes;

/** The service with responses as bytes: a batch is written once and never decoded on its way. */
export const rawEventStreamDefinition = {
  streamEvents: {
    ...EventStreamServiceService.streamEvents,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
} as const;

/** kubearmor_ts.stream.v1.EventStreamService over a replay buffer. */
export function eventStreamService(options: EventStreamOptions): EventStreamService {
  const { buffer, clock } = options;
  const sessions = new Set<ReaderSession>();
  /** Readers that went, and what ends the wait for them. */
  const absent = new Map<string, AbortController>();
  const past = { sentEvents: 0, sentBatches: 0 };
  let refused = 0;

  const leave = (session: ReaderSession): void => {
    if (!sessions.delete(session)) return;
    past.sentEvents += session.sentEvents;
    past.sentBatches += session.sentBatches;
    const { consumer } = session;
    if (consumer === undefined || [...sessions].some((other) => other.consumer === consumer)) return;
    const returned = new AbortController();
    absent.set(consumer, returned);
    void clock.sleep(options.forgetAfterMs ?? 900_000, returned.signal).then(() => {
      if (!returned.signal.aborted) buffer.forget(consumer);
    });
  };

  const open = (call: Call): void => {
    if (sessions.size >= (options.maxReaders ?? 16)) {
      refused += 1;
      call.emit('error', {
        code: status.RESOURCE_EXHAUSTED,
        details: 'KA_STREAM_TOO_MANY: no more relays are served',
      });
      return;
    }
    const session = new ReaderSession(call, options, (consumer) => absent.get(consumer)?.abort());
    sessions.add(session);
    for (const event of ['cancelled', 'close', 'error', 'end'] as const)
      call.on(event, () => {
        session.end();
        leave(session);
      });
    session.hello();
  };

  return {
    name: 'kubearmor_ts.stream.v1.EventStreamService',
    definition: rawEventStreamDefinition,
    implementation: { streamEvents: open },
    close: () => {
      for (const session of [...sessions]) {
        session.end();
        leave(session);
      }
      for (const returned of absent.values()) returned.abort();
    },
    counts: () => {
      let { sentEvents, sentBatches } = past;
      for (const session of sessions) {
        sentEvents += session.sentEvents;
        sentBatches += session.sentBatches;
      }
      return { readers: sessions.size, sentEvents, sentBatches, refused };
    },
  };
}

/** One open stream: waits for the resume, then sends whatever the buffer has behind the reader's place. */
class ReaderSession {
  consumer: string | undefined;
  sentEvents = 0;
  sentBatches = 0;
  private readonly call: Call;
  private readonly options: EventStreamOptions;
  private readonly onKnown: (consumer: string) => void;
  private readonly ended = new AbortController();
  private place: Cursor | undefined;
  private packing: 'plain' | 'zstd' = 'plain';
  /** How much the events of a batch may be: what they packed to the last time says what is wise. */
  private readBytes = maxBatchBytes;
  private isGathering = false;
  private lastSentMs = -Infinity;
  private isDraining = false;
  private unsubscribe: (() => void) | undefined;

  constructor(call: Call, options: EventStreamOptions, onKnown: (consumer: string) => void) {
    this.call = call;
    this.options = options;
    this.onKnown = onKnown;
    call.on('data', (request: StreamEventsRequest) => this.take(request));
  }

  hello(): void {
    const value = { stream_id: this.options.buffer.streamId, node_name: this.options.nodeName() };
    const response = StreamEventsResponse.encode({ response: { $case: 'hello', value } }).finish();
    this.call.write(Buffer.from(response));
  }

  end(): void {
    if (this.ended.signal.aborted) return;
    this.ended.abort();
    this.unsubscribe?.();
    this.call.end();
  }

  private take({ request }: StreamEventsRequest): void {
    const { buffer } = this.options;
    if (request?.$case === 'ack') {
      const { through } = request.value;
      if (this.consumer !== undefined && through !== undefined) buffer.acknowledge(this.consumer, through);
      return;
    }
    if (request?.$case !== 'resume' || this.place !== undefined) {
      this.refuse('a resume comes first, and once');
      return;
    }
    const { consumer, after, unpacks } = request.value;
    if (consumer === '' || consumer.length > 256) {
      this.refuse('a reader has a name of up to 256 characters');
      return;
    }
    this.consumer = consumer;
    if (unpacks.includes(Packing.ZSTD)) this.packing = 'zstd';
    this.place = after === undefined ? buffer.beforeOldest() : buffer.clamp(after);
    this.onKnown(consumer);
    buffer.know(consumer, this.place);
    this.unsubscribe = buffer.onPublish(() => this.gather());
    this.pump();
  }

  private refuse(details: string): void {
    this.call.emit('error', { code: status.INVALID_ARGUMENT, details });
  }

  private gather(): void {
    if (this.isGathering || this.isDraining) return;
    this.isGathering = true;
    const { clock, gatherMs } = this.options;
    const pauseMs = Math.max(0, this.lastSentMs + (gatherMs ?? 50) - clock.nowMs());
    // Also without a pause: what is published in one go is one batch.
    void clock.sleep(pauseMs, this.ended.signal).then(() => {
      this.isGathering = false;
      this.pump();
    });
  }

  private pump(): void {
    const { buffer, clock } = this.options;
    while (this.place !== undefined && !this.isDraining && !this.ended.signal.aborted) {
      const batch = buffer.read(this.place, maxBatchEvents, this.readBytes);
      if (batch === undefined) return;
      const place = this.place;
      const counts = countByKind(batch.events);
      const advanced = (kind: keyof Cursor): number => place[kind] + batch.missed[kind] + counts[kind];
      this.place = { alerts: advanced('alerts'), logs: advanced('logs'), messages: advanced('messages') };
      this.sentEvents += batch.events.length;
      this.sentBatches += 1;
      this.lastSentMs = clock.nowMs();
      if (this.call.write(encodeBatchResponse(this.encode(batch)))) continue;
      this.isDraining = true;
      this.call.once('drain', () => {
        this.isDraining = false;
        this.pump();
      });
    }
  }

  private encode(batch: EventBatch): Buffer {
    const bytes = encodeBatch(batch, this.packing);
    let eventBytes = 0;
    for (const { payload } of batch.events) eventBytes += payload.length;
    const isPackedWell = bytes.length * (maxUnpackedBytes / maxBatchBytes) < eventBytes;
    this.readBytes = isPackedWell ? maxUnpackedBytes : maxBatchBytes;
    return bytes;
  }
}
