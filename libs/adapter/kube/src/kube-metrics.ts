import type { Metrics } from '@kubearmor-ts/telemetry';
import type { Clock } from '@kubearmor-ts/life';
import type { EventRecorder } from './event-recorder.ts';
import type { LeaderElector } from './leader-elector.ts';
import type { Reflector } from './reflector.ts';
import type { WebhookServer } from './webhook-server.ts';
import type { WorkQueue } from './work-queue.ts';

export interface WatchedKind {
  /** Short and unique: the `resource` label. */
  readonly label: string;
  readonly reflector: Pick<Reflector<unknown>, 'counts' | 'hasSynced' | 'lastContactMs'>;
  readonly store: { readonly size: number; readonly failures: number };
}

/** `prefix` is the app's: `ka_agent`. */
export function addReflectorMetrics(
  metrics: Metrics,
  prefix: string,
  watched: readonly WatchedKind[],
  clock: Clock,
): void {
  const each = (read: (one: WatchedKind) => number) => () =>
    watched.map((one) => ({ labels: { resource: one.label }, value: read(one) }));
  const table = (read: (one: WatchedKind) => ReadonlyMap<string, number>, label: string) => () =>
    watched.flatMap((one) =>
      [...read(one)].map(([key, value]) => ({ labels: { resource: one.label, [label]: key }, value })),
    );
  metrics.counter(
    `${prefix}_kube_lists_total`,
    'whole lists taken',
    each(({ reflector: { counts } }) => counts.lists),
  );
  metrics.counter(
    `${prefix}_kube_list_pages_total`,
    'pages of lists',
    each(({ reflector: { counts } }) => counts.pages),
  );
  metrics.counter(
    `${prefix}_kube_watches_total`,
    'watches opened',
    each(({ reflector: { counts } }) => counts.watches),
  );
  metrics.counter(
    `${prefix}_kube_watch_events_total`,
    'changes heard',
    each(({ reflector: { counts } }) => counts.events),
  );
  metrics.counter(
    `${prefix}_kube_watch_bookmarks_total`,
    'bookmarks',
    each(({ reflector: { counts } }) => counts.bookmarks),
  );
  metrics.counter(
    `${prefix}_kube_watch_idle_total`,
    'watches that fell silent',
    each(({ reflector: { counts } }) => counts.idle),
  );
  metrics.counter(
    `${prefix}_kube_pauses_total`,
    'pauses before a try',
    each(({ reflector: { counts } }) => counts.pauses),
  );
  metrics.counter(
    `${prefix}_kube_transitions_total`,
    'from one phase to another',
    table(({ reflector: { counts } }) => counts.transitions, 'transition'),
  );
  metrics.counter(
    `${prefix}_kube_faults_total`,
    'requests that failed, by code',
    table(({ reflector: { counts } }) => counts.faults, 'code'),
  );
  metrics.counter(
    `${prefix}_kube_objects_unread_total`,
    'objects that could not be taken',
    each(({ store }) => store.failures),
  );
  metrics.gauge(
    `${prefix}_kube_objects`,
    'objects in the store',
    each(({ store }) => store.size),
  );
  metrics.gauge(
    `${prefix}_kube_synced`,
    '1 once the first list is there',
    each((one) => Number(one.reflector.hasSynced)),
  );
  metrics.gauge(
    `${prefix}_kube_contact_age_seconds`,
    'since the server was last heard',
    each(({ reflector: { lastContactMs } }) =>
      lastContactMs === undefined ? Number.POSITIVE_INFINITY : (clock.nowMs() - lastContactMs) / 1000,
    ),
  );
}

export function addWorkQueueMetrics(metrics: Metrics, prefix: string, queue: WorkQueue<string>): void {
  const { counts } = queue;
  metrics.gauge(`${prefix}_queue_size`, 'keys waiting, delayed or in work', () => queue.size);
  metrics.counter(`${prefix}_queue_keys_total`, 'what became of keys', () =>
    Object.entries(counts).map(([outcome, value]) => ({ labels: { outcome }, value })),
  );
}

export function addLeaderMetrics(metrics: Metrics, prefix: string, elector: LeaderElector): void {
  metrics.gauge(`${prefix}_leading`, '1 while this process leads', () => Number(elector.isLeading));
  metrics.counter(`${prefix}_lease_total`, 'what happened around the lease', () =>
    Object.entries(elector.counts).map(([event, value]) => ({ labels: { event }, value })),
  );
}

export function addEventMetrics(metrics: Metrics, prefix: string, recorder: EventRecorder): void {
  metrics.counter(`${prefix}_kube_events_total`, 'Events, by what became of them', () =>
    Object.entries({ ...recorder.counts, dropped: recorder.dropped }).map(([outcome, value]) => ({
      labels: { outcome },
      value,
    })),
  );
}

export function addWebhookMetrics(metrics: Metrics, prefix: string, server: WebhookServer): void {
  metrics.counter(`${prefix}_webhook_reviews_total`, 'reviews, by what became of them', () =>
    Object.entries(server.counts)
      .filter(([outcome]) => outcome !== 'certificates')
      .map(([outcome, value]) => ({ labels: { outcome }, value })),
  );
  metrics.counter(
    `${prefix}_webhook_certificates_total`,
    'certificates taken while running',
    () => server.counts.certificates,
  );
}
