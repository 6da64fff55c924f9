import type { ServerWritableStream } from '@grpc/grpc-js';
import { BoundedQueue } from '@kubearmor-ts/flow';

export interface BroadcastCounts {
  readonly subscribers: number;
  readonly published: number;
  /** Handed to a subscriber's connection, summed over subscribers. */
  readonly delivered: number;
  /** Lost because a subscriber was slower than its ring is long, summed over subscribers. */
  readonly dropped: number;
  /** Streams refused because there were too many. */
  readonly refused: number;
}

type Call = ServerWritableStream<unknown, Buffer>;

/**
 * One stream of encoded messages to many subscribers.
 *
 *  1. A message is encoded once; subscribers share the Buffer.
 *  2. A subscriber that does not read costs its ring and what the transport had accepted, nothing more: `write` is not
 *     called again before `drain`.
 *  3. A slow subscriber loses its oldest messages; others do not notice.
 */
export class Broadcast {
  private readonly ringCapacity: number;
  private readonly maxSubscribers: number;
  private readonly subscribers = new Set<Subscriber>();
  private published = 0;
  private refused = 0;
  /** Of subscribers that have left. */
  private past = { delivered: 0, dropped: 0 };

  constructor(ringCapacity: number, maxSubscribers: number) {
    this.ringCapacity = ringCapacity;
    this.maxSubscribers = maxSubscribers;
  }

  get hasSubscribers(): boolean {
    return this.subscribers.size > 0;
  }

  get counts(): BroadcastCounts {
    let { delivered, dropped } = this.past;
    for (const subscriber of this.subscribers) {
      delivered += subscriber.delivered;
      dropped += subscriber.ring.counts.dropped;
    }
    return {
      subscribers: this.subscribers.size,
      published: this.published,
      delivered,
      dropped,
      refused: this.refused,
    };
  }

  publish(bytes: Buffer): void {
    this.published += 1;
    for (const subscriber of this.subscribers) {
      subscriber.ring.push(bytes);
      subscriber.pump();
    }
  }

  /** False when there are too many subscribers; the caller then ends the call with a reason. */
  subscribe(call: Call): boolean {
    if (this.subscribers.size >= this.maxSubscribers) {
      this.refused += 1;
      return false;
    }
    const subscriber = new Subscriber(call, this.ringCapacity);
    this.subscribers.add(subscriber);
    const leave = (): void => {
      if (!this.subscribers.delete(subscriber)) return;
      const lost = subscriber.ring.counts.dropped + subscriber.ring.size;
      this.past = {
        delivered: this.past.delivered + subscriber.delivered,
        dropped: this.past.dropped + lost,
      };
      subscriber.ring.close();
    };
    call.on('cancelled', leave);
    call.on('close', leave);
    call.on('error', leave);
    return true;
  }

  /** Ends every stream. */
  close(): void {
    for (const subscriber of [...this.subscribers]) subscriber.call.end();
  }
}

class Subscriber {
  readonly call: Call;
  readonly ring: BoundedQueue<Buffer>;
  delivered = 0;
  private isWaitingForDrain = false;

  constructor(call: Call, ringCapacity: number) {
    this.call = call;
    this.ring = new BoundedQueue(ringCapacity, 'drop-oldest');
  }

  pump(): void {
    while (!this.isWaitingForDrain && !this.call.destroyed && !this.call.writableEnded) {
      const bytes = this.ring.take();
      if (bytes === undefined) return;
      this.delivered += 1;
      if (this.call.write(bytes)) continue;
      this.isWaitingForDrain = true;
      this.call.once('drain', () => {
        this.isWaitingForDrain = false;
        this.pump();
      });
    }
  }
}
