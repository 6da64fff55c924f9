import type { Clock, Service } from '@kubearmor-ts/life';
import { Backoff } from '@kubearmor-ts/flow';
import { fault } from './errors.ts';
import type { KubeErrorCode, KubeFault } from './errors.ts';
import { IdleDeadline } from './idle-deadline.ts';
import type { KubeClient } from './kube-client.ts';
import { keyOf } from './kube-object.ts';
import type { ObjectKey } from './kube-object.ts';
import { initialState, step } from './reflector-machine.ts';
import type {
  ListFrom,
  Phase,
  ReflectorEffect,
  ReflectorInput,
  ReflectorState,
} from './reflector-machine.ts';
import { describeResource } from './resource.ts';
import type { KubeResource } from './resource.ts';
import type { Store, StoreEntry } from './store.ts';
import { lines, parseWatchLine } from './watch-lines.ts';

export interface ReflectorOptions<T> {
  readonly client: KubeClient;
  readonly resource: KubeResource;
  /** All namespaces without it. */
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  readonly store: Store<T>;
  readonly clock: Clock;
  /** [0, 1). */
  readonly random: () => number;
  /** 'any' lets the first list come from the server's cache. */
  readonly from?: ListFrom;
  /** Only apiVersion, kind and metadata of each object are asked for. */
  readonly metadataOnly?: boolean;
  readonly limits?: Partial<ReflectorLimits>;
  /** Every request that failed; `problem` has the last one for as long as it matters. */
  readonly onFault?: (fault: KubeFault) => void;
}

export interface ReflectorLimits {
  readonly pageSize: number;
  readonly watchSeconds: number;
  /** A watch without any line for so long is taken for dead; bookmarks come about once a minute. */
  readonly idleMs: number;
  /** A watch that ended sooner than this counts as a failure. */
  readonly usefulMs: number;
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  readonly maxLineBytes: number;
}

const defaults: ReflectorLimits = {
  pageSize: 500,
  watchSeconds: 290,
  idleMs: 90_000,
  usefulMs: 1000,
  firstPauseMs: 500,
  maxPauseMs: 30_000,
  maxLineBytes: 16 * 1024 * 1024,
};

export interface ReflectorCounts {
  lists: number;
  pages: number;
  watches: number;
  events: number;
  bookmarks: number;
  idle: number;
  pauses: number;
  readonly transitions: Map<string, number>;
  readonly faults: Map<KubeErrorCode, number>;
}

/** Keeps a store equal to what the server has. `start` does not wait for the first list; `synced` does. */
export class Reflector<T> implements Service {
  readonly name: string;
  readonly counts: ReflectorCounts = {
    lists: 0,
    pages: 0,
    watches: 0,
    events: 0,
    bookmarks: 0,
    idle: 0,
    pauses: 0,
    transitions: new Map(),
    faults: new Map(),
  };
  readonly synced: Promise<void>;
  private readonly options: ReflectorOptions<T>;
  private readonly limits: ReflectorLimits;
  private state: ReflectorState = initialState;
  private pages = new Map<ObjectKey, StoreEntry<T>>();
  /** What the page just read holds, until the machine says what becomes of it. */
  private page: readonly (readonly [ObjectKey, StoreEntry<T>])[] = [];
  private isSynced = false;
  private contactMs: number | undefined;
  private lastFault: KubeFault | undefined;
  private resolveSynced: () => void = () => undefined;
  private ended: Promise<void> = Promise.resolve();

  constructor(options: ReflectorOptions<T>) {
    this.options = options;
    this.limits = { ...defaults, ...options.limits };
    this.name = `watch of ${describeResource(options.resource)}`;
    this.synced = new Promise((resolve) => {
      this.resolveSynced = resolve;
    });
  }

  get hasSynced(): boolean {
    return this.isSynced;
  }

  get phase(): Phase['kind'] {
    return this.state.phase.kind;
  }

  /** Why the store may be behind now; undefined while all is well. */
  get problem(): KubeFault | undefined {
    return this.state.failures > 0 ? this.lastFault : undefined;
  }

  /** `clock.nowMs` when the server was last heard. */
  get lastContactMs(): number | undefined {
    return this.contactMs;
  }

  start(signal: AbortSignal): Promise<void> {
    this.ended = this.run(signal);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.ended;
  }

  private async run(signal: AbortSignal): Promise<void> {
    let inputs: ReflectorInput = { kind: 'start', from: this.options.from ?? 'any' };
    while (!signal.aborted) {
      const work = this.take(inputs);
      if (work === undefined) throw new Error(`${this.name}: nothing follows ${inputs.kind}`);
      inputs = await this.perform(work, signal);
    }
    this.take({ kind: 'stop' });
  }

  /** Makes a step; the effects that are done at once are done, the one that takes time is given back. */
  private take(input: ReflectorInput): ReflectorEffect | undefined {
    const before = this.state.phase.kind;
    const [next, effects] = step(this.state, input);
    this.state = next;
    const { transitions, faults } = this.counts;
    if (before !== next.phase.kind || effects.length > 0) bump(transitions, `${before}-${next.phase.kind}`);
    if (input.kind === 'failed') {
      bump(faults, input.fault.code);
      this.lastFault = input.fault;
      this.options.onFault?.(input.fault);
    }
    let work: ReflectorEffect | undefined;
    for (const effect of effects) {
      if (effect.kind === 'discard-pages') this.pages = new Map();
      else if (effect.kind === 'keep-page') for (const [key, entry] of this.page) this.pages.set(key, entry);
      else if (effect.kind === 'commit') this.commit();
      else work = effect;
    }
    this.page = [];
    return work;
  }

  private commit(): void {
    this.options.store.replace(this.pages);
    this.pages = new Map();
    this.counts.lists += 1;
    if (this.isSynced) return;
    this.isSynced = true;
    this.resolveSynced();
  }

  private async perform(work: ReflectorEffect, signal: AbortSignal): Promise<ReflectorInput> {
    switch (work.kind) {
      case 'list':
        return this.list(work, signal);
      case 'watch':
        return this.watch(work.resourceVersion, signal);
      case 'pause':
        await this.pause(work, signal);
        return { kind: 'resumed' };
      default:
        throw new Error(`${this.name}: ${work.kind} takes no time`);
    }
  }

  private async pause(
    work: { readonly failures: number; readonly atLeastMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    this.counts.pauses += 1;
    const { firstPauseMs, maxPauseMs } = this.limits;
    const ceiling = firstPauseMs * 2 ** Math.min(work.failures - 1, 20);
    const own = new Backoff({ firstMs: ceiling, maxMs: maxPauseMs }, this.options.random).nextMs();
    // Jittered above the server's wish as well: it told the same number to everybody.
    const asked = work.atLeastMs * (1 + this.options.random() / 4);
    await this.options.clock.sleep(Math.max(own, asked), signal);
  }

  private async list(
    work: { readonly from: ListFrom; readonly continueToken: string; readonly inOnePiece: boolean },
    signal: AbortSignal,
  ): Promise<ReflectorInput> {
    const query = {
      ...this.selectors(),
      ...(work.inOnePiece ? {} : { limit: String(this.limits.pageSize) }),
      ...(work.continueToken === ''
        ? work.from === 'any'
          ? { resourceVersion: '0' }
          : {}
        : { continue: work.continueToken }),
    };
    const page = await this.options.client.list(this.options.resource, this.place(), {
      signal,
      query,
      ...this.accept('PartialObjectMetadataList'),
    });
    if (!page.ok) return { kind: 'failed', fault: page.error };
    this.contactMs = this.options.clock.nowMs();
    this.counts.pages += 1;
    this.page = page.value.items.flatMap((object) => {
      const entry = this.options.store.entryOf(object);
      return entry === undefined ? [] : [[keyOf(object.metadata), entry] as const];
    });
    return { kind: 'page', ...page.value };
  }

  private async watch(resourceVersion: string, signal: AbortSignal): Promise<ReflectorInput> {
    const { clock, client, resource } = this.options;
    const openedMs = clock.nowMs();
    const end = new AbortController();
    const both = AbortSignal.any([signal, end.signal]);
    const idle = new IdleDeadline(clock, this.limits.idleMs, end);
    this.counts.watches += 1;
    try {
      const opened = await client.open(resource, this.place(), {
        query: this.watchQuery(resourceVersion),
        signal: both,
        ...this.accept('PartialObjectMetadata'),
      });
      if (!opened.ok) return idle.isOver ? this.silent(openedMs) : { kind: 'failed', fault: opened.error };
      // The server keeps us up to date again; the pauses stay long until it has said something.
      this.lastFault = undefined;
      for await (const text of lines(opened.value.body, this.limits.maxLineBytes)) {
        if (both.aborted) break;
        idle.renew();
        const failure = this.takeLine(text);
        if (failure !== undefined) return { kind: 'failed', fault: failure };
      }
      return idle.isOver ? this.silent(openedMs) : this.endedAfter(openedMs);
    } catch (cause) {
      if (idle.isOver) return this.silent(openedMs);
      // A cut connection is how servers restart. What came over it counts, so it goes on from there.
      const message = `${describeResource(resource)}: the watch broke: ${cause instanceof Error ? cause.message : String(cause)}`;
      return { kind: 'failed', fault: fault('KA_KUBE_UNREACHABLE', message, { cause }) };
    } finally {
      end.abort();
      idle.end();
    }
  }

  private takeLine(text: string): KubeFault | undefined {
    const line = parseWatchLine(text, describeResource(this.options.resource));
    if (!line.ok) return line.error;
    this.contactMs = this.options.clock.nowMs();
    const { store } = this.options;
    if (line.value.type === 'BOOKMARK') this.counts.bookmarks += 1;
    else {
      this.counts.events += 1;
      if (line.value.type === 'DELETED') store.remove(keyOf(line.value.object.metadata));
      else store.put(line.value.object);
    }
    this.take({ kind: 'progress', resourceVersion: line.value.resourceVersion });
    return undefined;
  }

  private endedAfter(openedMs: number): ReflectorInput {
    return { kind: 'ended', wasUseful: this.options.clock.nowMs() - openedMs >= this.limits.usefulMs };
  }

  private silent(openedMs: number): ReflectorInput {
    this.counts.idle += 1;
    return this.endedAfter(openedMs);
  }

  private selectors(): Record<string, string> {
    const { fieldSelector, labelSelector } = this.options;
    return {
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    };
  }

  private accept(shape: string): { readonly accept?: string } {
    return this.options.metadataOnly === true
      ? { accept: `application/json;as=${shape};g=meta.k8s.io;v=v1` }
      : {};
  }

  private place(): { readonly namespace?: string } {
    return this.options.namespace === undefined ? {} : { namespace: this.options.namespace };
  }

  private watchQuery(resourceVersion: string): Record<string, string> {
    const seconds = Math.round(this.limits.watchSeconds * (1 + (this.options.random() - 0.5) / 5));
    return {
      ...this.selectors(),
      watch: 'true',
      resourceVersion,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(seconds),
    };
  }
}

const bump = <K>(table: Map<K, number>, key: K): void => {
  table.set(key, (table.get(key) ?? 0) + 1);
};
