import type { Alert, Log } from '@kubearmor-ts/proto';
import type { EventKind } from './event-reader.ts';

export interface LiveEvent {
  readonly seq: number;
  readonly kind: EventKind;
  readonly event: Alert | Log;
}

/** Where events enter the live streams. */
export interface LiveEvents {
  publish(seq: number, kind: EventKind, event: Alert | Log): void;
  subscribe(wants: (live: LiveEvent) => boolean): LiveSubscription;
  readonly subscribers: number;
  /** Lost by slow subscribers, summed. */
  readonly missed: number;
}

export interface LiveSubscription {
  /** Resolves when there is something to take, or the signal fires. */
  wait(signal: AbortSignal): Promise<void>;
  /** The oldest that waits, and how many were lost before it since the last call. */
  take(): { readonly live: LiveEvent; readonly missed: number } | undefined;
  hasItems(): boolean;
  close(): void;
}

/** Each subscriber may lag `capacity` events behind; then it loses its oldest. */
export function createLiveEvents(capacity = 1000): LiveEvents {
  const subscribers = new Set<Subscriber>();
  let missed = 0;
  return {
    publish: (seq, kind, event) => {
      const live = { seq, kind, event };
      for (const subscriber of subscribers) if (subscriber.offer(live)) missed += 1;
    },
    subscribe: (wants) => {
      const subscriber = new Subscriber(capacity, wants, () => subscribers.delete(subscriber));
      subscribers.add(subscriber);
      return subscriber;
    },
    get subscribers() {
      return subscribers.size;
    },
    get missed() {
      return missed;
    },
  };
}

class Subscriber implements LiveSubscription {
  private readonly capacity: number;
  private readonly wants: (live: LiveEvent) => boolean;
  private readonly onClose: () => void;
  private readonly queue: LiveEvent[] = [];
  private head = 0;
  private missed = 0;
  private wake: (() => void) | undefined;

  constructor(capacity: number, wants: (live: LiveEvent) => boolean, onClose: () => void) {
    this.capacity = capacity;
    this.wants = wants;
    this.onClose = onClose;
  }

  /** True when an older one had to go. */
  offer(live: LiveEvent): boolean {
    if (!this.wants(live)) return false;
    const isFull = this.queue.length - this.head >= this.capacity;
    if (isFull) {
      this.head += 1;
      this.missed += 1;
    }
    this.queue.push(live);
    this.trim();
    this.wake?.();
    return isFull;
  }

  take(): { readonly live: LiveEvent; readonly missed: number } | undefined {
    const live = this.queue[this.head];
    if (live === undefined) return undefined;
    this.head += 1;
    this.trim();
    const { missed } = this;
    this.missed = 0;
    return { live, missed };
  }

  wait(signal: AbortSignal): Promise<void> {
    if (this.queue.length > this.head || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.wake = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }

  hasItems(): boolean {
    return this.queue.length > this.head;
  }

  close(): void {
    this.onClose();
  }

  private trim(): void {
    if (this.head < this.capacity) return;
    this.queue.splice(0, this.head);
    this.head = 0;
  }
}
