import { isIP } from 'node:net';
import { Reflector, Store, addReflectorMetrics } from '@kubearmor-ts/kube';
import type { KubeObject, KubeResource } from '@kubearmor-ts/kube';
import type { Clock, Service } from '@kubearmor-ts/life';
import type { Logger, Metrics } from '@kubearmor-ts/telemetry';
import { podAddresses, pods } from './kube-pods.ts';
import { createNamePeers } from './name-peers.ts';
import type { NamePeers } from './name-peers.ts';
import { PeerBook } from './peer-book.ts';
import type { PeerHolder } from './peer-book.ts';
import type { KubeAccess } from './reach-kube.ts';

const servicesResource: KubeResource = { group: '', version: 'v1', plural: 'services', kind: 'Service' };

export interface WatchPeersDeps {
  readonly kube: KubeAccess;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
}

export interface WatchPeers {
  readonly names: NamePeers;
  readonly services: readonly Service[];
  addMetrics(metrics: Metrics): void;
}

/** Keeps a book of who has which address in the cluster. */
export function watchPeers({ kube, clock, random, logger }: WatchPeersDeps): WatchPeers {
  const book = new PeerBook();
  const nowMs = (): number => Number(clock.wallNs() / 1_000_000n);
  const watched = (
    [
      ['pods', pods, podHolder],
      ['services', servicesResource, serviceHolder],
    ] as const
  ).map(([label, resource, transform]) => {
    const store = new Store<PeerHolder>({ transform });
    store.onChange((change) => {
      if (change.type === 'removed') book.remove(change.previous.uid, nowMs());
      // A pod is made before it has its address: only of those that were there before us is the time not known better.
      else book.put(reflector.hasSynced ? { ...change.value, sinceMs: nowMs() } : change.value, nowMs());
    });
    const reflector = new Reflector({
      client: kube.client,
      resource,
      store,
      clock,
      random,
      onFault: ({ code, message }) => logger.warn({ code }, message),
    });
    return { label, store, reflector };
  });
  const names = createNamePeers((ip, timeMs) => book.at(ip, timeMs));
  return {
    names,
    services: watched.map(({ reflector }) => reflector),
    addMetrics: (metrics) => {
      addReflectorMetrics(metrics, 'ka_relay_peers', watched, clock);
      metrics.gauge('ka_relay_peer_addresses', 'addresses that are known', () => [
        { labels: { state: 'held' }, value: book.counts.held },
        { labels: { state: 'ended' }, value: book.counts.ended },
      ]);
      metrics.counter(
        'ka_relay_peer_addresses_left_out_total',
        'addresses beyond the bound',
        () => book.counts.leftOut,
      );
      metrics.counter('ka_relay_peer_lookups_total', 'addresses looked up for network events', () =>
        Object.entries(names.counts).map(([outcome, value]) => ({ labels: { outcome }, value })),
      );
    },
  };
}

/** Pods in their node's network share its address, and one that has ended may have lost its own. */
function podHolder(object: KubeObject): PeerHolder | undefined {
  const { phase, ips, isOnHostNetwork } = podAddresses(object);
  if (isOnHostNetwork || phase === 'Succeeded' || phase === 'Failed') return undefined;
  return holderOf('Pod', object, ips);
}

function serviceHolder(object: KubeObject): PeerHolder | undefined {
  const spec = (object['spec'] ?? {}) as Readonly<Record<string, unknown>>;
  const listed: unknown = spec['clusterIPs'] ?? [spec['clusterIP']];
  const all: readonly unknown[] = Array.isArray(listed) ? listed : [];
  // A headless service says None.
  return holderOf(
    'Service',
    object,
    all.filter((ip): ip is string => typeof ip === 'string' && isIP(ip) !== 0),
  );
}

function holderOf(
  kind: PeerHolder['kind'],
  { metadata }: KubeObject,
  ips: readonly string[],
): PeerHolder | undefined {
  const { name, namespace = '', uid = `${kind} ${namespace}/${name}`, creationTimestamp } = metadata;
  const madeMs = Date.parse(creationTimestamp ?? '');
  return ips.length === 0
    ? undefined
    : {
        kind,
        namespace,
        name,
        uid,
        ips: ips.map((ip) => ip.toLowerCase()),
        sinceMs: Number.isNaN(madeMs) ? 0 : madeMs,
      };
}
