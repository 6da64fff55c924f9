import type { Clock, Service } from '@kubearmor-ts/life';
import { BoundedQueue } from '@kubearmor-ts/flow';
import type { KubeFault } from './errors.ts';
import type { KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-object.ts';
import { events } from './resource.ts';

export interface Subject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
}

export interface Happening {
  readonly about: Subject;
  readonly type: 'Normal' | 'Warning';
  /** PascalCase. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly component: string;
  /** Where events about objects without a namespace go. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly instance?: string;
  readonly queueSize?: number;
  /** For each object: how many events may come at once, and one more after each pause. */
  readonly burst?: number;
  readonly refillMs?: number;
  /** Objects and happenings remembered. */
  readonly memory?: number;
  readonly onFault?: (fault: KubeFault) => void;
}

interface Series {
  name: string;
  namespace: string;
  firstMs: number;
  count: number;
  isWritten: boolean;
}

const maxMessageLength = 1024;

/**
 * Tells people through `kubectl describe` what happened to an object.
 *
 *  1. `record` never waits and never fails; what is not told is counted as `dropped` or `limited`.
 *  2. The same happening again raises the count of its Event instead of making another one.
 *  3. An object that makes noise uses up its own allowance, not that of others.
 */
export class EventRecorder implements Service {
  readonly name = 'event recorder';
  readonly counts = { recorded: 0, limited: 0, created: 0, updated: 0, failed: 0 };
  private readonly options: EventRecorderOptions;
  private readonly queue: BoundedQueue<Happening>;
  private readonly series = new Map<string, Series>();
  private readonly allowances = new Map<string, { tokens: number; filledMs: number }>();
  private sequence = 0;
  private ended: Promise<void> = Promise.resolve();

  constructor(options: EventRecorderOptions) {
    this.options = options;
    this.queue = new BoundedQueue(options.queueSize ?? 512, 'drop-newest');
  }

  get dropped(): number {
    return this.queue.counts.dropped;
  }

  record(happening: Happening): void {
    this.counts.recorded += 1;
    if (this.isAllowed(happening.about)) this.queue.push(happening);
    else this.counts.limited += 1;
  }

  start(signal: AbortSignal): Promise<void> {
    this.ended = this.run(signal);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.ended;
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (await this.queue.waitForItem(signal)) {
      const happening = this.queue.take();
      if (happening !== undefined) await this.write(happening, signal);
    }
  }

  private async write(happening: Happening, signal: AbortSignal): Promise<void> {
    const { client } = this.options;
    const key = seriesKey(happening);
    const series = this.series.get(key) ?? this.newSeries(happening);
    series.count += 1;
    remember(this.series, key, series, this.options.memory ?? 4096);
    const place = { namespace: series.namespace };
    if (series.isWritten) {
      const body = { count: series.count, lastTimestamp: this.timestamp() };
      const patch = { type: 'application/merge-patch+json' as const, body };
      const patched = await client.patch(events, { ...place, name: series.name }, patch, { signal });
      if (patched.ok) {
        this.counts.updated += 1;
        return;
      }
      // The server forgets events after an hour; this one then begins anew.
      if (patched.error.code !== 'KA_KUBE_NOT_FOUND') {
        this.failed(patched.error);
        return;
      }
      Object.assign(series, this.newSeries(happening), { count: 1 });
    }
    const created = await client.create(events, place, this.eventOf(happening, series), { signal });
    if (created.ok) {
      series.isWritten = true;
      this.counts.created += 1;
    } else this.failed(created.error);
  }

  private failed(error: KubeFault): void {
    this.counts.failed += 1;
    this.options.onFault?.(error);
  }

  private newSeries({ about }: Happening): Series {
    const wallMs = this.wallMs();
    this.sequence += 1;
    const suffix = `${wallMs.toString(16)}${(this.sequence % 65_536).toString(16).padStart(4, '0')}`;
    return {
      name: `${about.name.slice(0, 200)}.${suffix}`,
      namespace: about.namespace ?? this.options.namespace,
      firstMs: wallMs,
      count: 0,
      isWritten: false,
    };
  }

  private eventOf({ about, type, reason, message }: Happening, series: Series): KubeObject {
    const { component, instance } = this.options;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: series.name, namespace: series.namespace },
      involvedObject: { ...about },
      type,
      reason,
      message: message.slice(0, maxMessageLength),
      count: series.count,
      firstTimestamp: secondsTime(series.firstMs),
      lastTimestamp: this.timestamp(),
      source: { component, ...(instance === undefined ? {} : { host: instance }) },
      reportingComponent: component,
      reportingInstance: instance ?? '',
    };
  }

  private isAllowed(about: Subject): boolean {
    const { burst = 25, refillMs = 300_000, clock, memory = 4096 } = this.options;
    const key = `${about.kind} ${about.namespace ?? ''}/${about.name} ${about.uid ?? ''}`;
    const nowMs = clock.nowMs();
    const known = this.allowances.get(key) ?? { tokens: burst, filledMs: nowMs };
    const tokens = Math.min(burst, known.tokens + (nowMs - known.filledMs) / refillMs);
    remember(this.allowances, key, { tokens: tokens >= 1 ? tokens - 1 : tokens, filledMs: nowMs }, memory);
    return tokens >= 1;
  }

  private timestamp(): string {
    return secondsTime(this.wallMs());
  }

  private wallMs(): number {
    return Number(this.options.clock.wallNs() / 1_000_000n);
  }
}

const seriesKey = ({ about, type, reason, message }: Happening): string =>
  JSON.stringify([about.kind, about.namespace, about.name, about.uid, type, reason, message]);

const secondsTime = (wallMs: number): string => `${new Date(wallMs).toISOString().slice(0, 19)}Z`;

/** Keeps the newest `limit` entries by last use. */
function remember<V>(table: Map<string, V>, key: string, value: V, limit: number): void {
  table.delete(key);
  table.set(key, value);
  if (table.size <= limit) return;
  const oldest = table.keys().next().value;
  if (oldest !== undefined) table.delete(oldest);
}
