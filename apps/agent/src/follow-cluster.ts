import { Backoff } from '@kubearmor-ts/flow';
import type { ReadyCheck } from '@kubearmor-ts/http';
import { KubeClient, Reflector, Store } from '@kubearmor-ts/kube';
import type { KubeObject, KubeResource, KubeTransport, StoreView, WatchedKind } from '@kubearmor-ts/kube';
import type { Clock, Service } from '@kubearmor-ts/life';
import { policyTitle, readPolicy } from '@kubearmor-ts/policy';
import type { PolicyKind } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';
import type { PodFacts } from './lay-pods-over-containers.ts';
import type { PolicyFile, PolicyStore } from './policy-store.ts';
import { toComplaint } from './read-policy-file.ts';

export interface ClusterOptions {
  /** Tried again, with pauses, until it succeeds. */
  readonly connect: () => Promise<KubeTransport>;
  readonly nodeName: string;
  /** Those that this agent enforces. */
  readonly kinds: readonly PolicyKind[];
  readonly store: PolicyStore;
  readonly pods: { setPod(pod: string, facts: PodFacts): void; dropPod(pod: string): void };
  /** Undefined: it is gone. */
  readonly onNamespace: (name: string, annotations: Readonly<Record<string, string>> | undefined) => void;
  readonly onNodeLabels: (labels: Readonly<Record<string, string>>) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly userAgent: string;
  readonly onError: (error: CodedError) => void;
}

const plurals: Readonly<Record<PolicyKind, string>> = {
  KubeArmorPolicy: 'kubearmorpolicies',
  KubeArmorClusterPolicy: 'kubearmorclusterpolicies',
  KubeArmorHostPolicy: 'kubearmorhostpolicies',
  KubeArmorNetworkPolicy: 'kubearmornetworkpolicies',
};

const core = (plural: string, kind: string): KubeResource => ({ group: '', version: 'v1', plural, kind });

/** Later than any file: of a policy that stands in both places, the API server's version is in force. */
const AFTER_ALL_FILES_NS = 2n ** 63n;

interface Watch extends WatchedKind {
  readonly reflector: WatchedKind['reflector'] &
    Pick<Reflector<unknown>, 'problem' | 'synced' | 'start' | 'stop'>;
}

/**
 * What the API server says that matters on this node: policies, namespaces, the node itself and its pods.
 *
 *  1. Nothing it cannot hear takes anything away: what it heard last stays in force.
 *  2. All changes that come together, such as a first list, reach the policy store as one.
 *  3. A policy that cannot be read leaves its earlier version in force and touches no other.
 *  4. Of pods, namespaces and nodes only metadata is asked for, and of pods only this node's.
 */
export class ClusterView implements Service {
  readonly name = 'cluster';
  readonly #options: ClusterOptions;
  readonly #watches: Watch[] = [];
  readonly #heard = Promise.withResolvers<undefined>();
  #problem: string | undefined = 'the API server has not been reached yet';
  #read = new Map<string, PolicyFile | undefined>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  start(signal: AbortSignal): Promise<void> {
    this.#running = this.#run(signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.#running;
  }

  /** Resolves when everything has been listed once. */
  get heard(): Promise<undefined> {
    return this.#heard.promise;
  }

  readyCheck(): ReadyCheck {
    const late = this.#watches.find(({ reflector }) => !reflector.hasSynced);
    const isReady = this.#problem === undefined && late === undefined;
    const reason =
      this.#problem ??
      late?.reflector.problem?.message ??
      `the first list of ${late?.label ?? ''} is under way`;
    return { name: 'cluster', isReady, reason };
  }

  /** Grows when the API server has been reached. */
  get watched(): readonly WatchedKind[] {
    return this.#watches;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const transport = await this.#connected(signal);
    if (transport === undefined) return;
    try {
      const client = new KubeClient({
        transport,
        clock: this.#options.clock,
        userAgent: this.#options.userAgent,
      });
      this.#addWatches(client);
      const reflectors = this.#watches.map(({ reflector }) => reflector);
      for (const reflector of reflectors) await reflector.start(signal);
      void Promise.all(reflectors.map(({ synced }) => synced)).then(() => this.#heard.resolve(undefined));
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
    } finally {
      transport.close();
    }
  }

  async #connected(signal: AbortSignal): Promise<KubeTransport | undefined> {
    const { connect, clock, random, onError } = this.#options;
    const backoff = new Backoff({ firstMs: 1000, maxMs: 30_000 }, random);
    while (!signal.aborted) {
      try {
        const transport = await connect();
        this.#problem = undefined;
        return transport;
      } catch (cause) {
        this.#problem = cause instanceof Error ? cause.message : String(cause);
        onError({ code: 'KA_KUBE_CONFIG', reason: 'KubeConfigInvalid', message: this.#problem, cause });
      }
      await clock.sleep(backoff.nextMs(), signal);
    }
    return undefined;
  }

  #addWatches(client: KubeClient): void {
    const { kinds, nodeName, pods, onNamespace, onNodeLabels } = this.#options;
    for (const kind of kinds) {
      const resource = { group: 'security.kubearmor.com', version: 'v1', plural: plurals[kind], kind };
      const view = this.#watch(client, resource, (object) => toPolicyFile(kind, object));
      view.onChange((change) => {
        const path = pathOf(kind, change.key);
        this.#take(path, change.type === 'removed' ? undefined : change.value);
      });
    }
    this.#watch(client, core('namespaces', 'Namespace'), metadataOf, { metadataOnly: true }).onChange(
      (change) => onNamespace(change.key, change.type === 'removed' ? undefined : change.value.annotations),
    );
    const own = { metadataOnly: true, fieldSelector: `metadata.name=${nodeName}` };
    this.#watch(client, core('nodes', 'Node'), metadataOf, own).onChange((change) => {
      if (change.type !== 'removed') onNodeLabels(change.value.labels);
    });
    const here = { metadataOnly: true, fieldSelector: `spec.nodeName=${nodeName}` };
    this.#watch(client, core('pods', 'Pod'), metadataOf, here).onChange((change) => {
      if (change.type === 'removed') pods.dropPod(change.key);
      else pods.setPod(change.key, change.value);
    });
  }

  #watch<T>(
    client: KubeClient,
    resource: KubeResource,
    transform: (object: KubeObject) => T,
    wishes: { readonly metadataOnly?: boolean; readonly fieldSelector?: string } = {},
  ): StoreView<T> {
    const { clock, random, onError } = this.#options;
    const store = new Store<T>({ transform });
    const reflector = new Reflector({ client, resource, store, clock, random, onFault: onError, ...wishes });
    this.#watches.push({ label: resource.plural, reflector, store });
    return store;
  }

  /** Undefined: the object is gone. */
  #take(path: string, file: PolicyFile | undefined): void {
    if (this.#read.size === 0) queueMicrotask(() => this.#flush());
    this.#read.set(path, file);
  }

  #flush(): void {
    const read = this.#read;
    this.#read = new Map();
    const gone = [...read].flatMap(([path, file]) => (file === undefined ? [path] : []));
    this.#options.store.apply(
      [...read.values()].filter((file) => file !== undefined),
      gone,
    );
  }
}

const metadataOf = ({ metadata: { labels = {}, annotations = {} } }: KubeObject): PodFacts => ({
  labels,
  annotations,
});

const pathOf = (kind: PolicyKind, key: string): string => `${plurals[kind]}/${key}`;

function toPolicyFile(kind: PolicyKind, object: KubeObject): PolicyFile {
  const { name, namespace } = object.metadata;
  const path = pathOf(kind, namespace === undefined ? name : `${namespace}/${name}`);
  // Items of a list do not repeat what they are.
  const typed = { ...object, apiVersion: 'security.kubearmor.com/v1', kind };
  const { result, warnings } = readPolicy(typed, { strictness: 'lenient' });
  const file = { path, writtenNs: AFTER_ALL_FILES_NS };
  if (!result.ok) return { ...file, policies: [], errors: [toComplaint(result.error, path)] };
  const title = policyTitle(result.value.id);
  return {
    ...file,
    policies: [result.value],
    errors: [],
    warnings: warnings.map(({ code, reason, message, path: field }) => ({
      code,
      reason,
      message: `${field}: ${message}`,
      object: title,
    })),
  };
}
