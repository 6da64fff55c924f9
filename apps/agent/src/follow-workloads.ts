import type { RuntimeUpdate } from '@kubearmor-ts/cri';
import type { Service } from '@kubearmor-ts/life';
import type { CodedError } from '@kubearmor-ts/result';
import { diffContainers, toWorkload, toWorkloadKey, withoutPid } from '@kubearmor-ts/workload';
import type { ContainerFacts, Workload, WorkloadKey } from '@kubearmor-ts/workload';

export interface RuntimeSource {
  readonly name: string;
  readonly watch: (signal: AbortSignal) => AsyncIterable<RuntimeUpdate>;
}

export interface InventoryOptions {
  readonly sources: readonly RuntimeSource[];
  readonly onSet: (workload: Workload) => void;
  readonly onGone: (key: WorkloadKey) => void;
  readonly onStopped: (key: WorkloadKey) => void;
  /** Every source has given a full listing at least once. */
  readonly onComplete: () => void;
  readonly onError: (error: CodedError) => void;
}

export interface SourceStatus {
  readonly name: string;
  readonly isUp: boolean;
  readonly hasListed: boolean;
  readonly containers: number;
  readonly error: CodedError | undefined;
}

interface Source {
  readonly runtime: RuntimeSource;
  readonly known: Map<WorkloadKey, ContainerFacts>;
  isUp: boolean;
  hasListed: boolean;
  error: CodedError | undefined;
}

/** The containers of this node as its runtimes tell of them, each runtime on its own. */
export class WorkloadInventory implements Service {
  readonly name = 'workload inventory';
  readonly #options: InventoryOptions;
  readonly #sources: readonly Source[];
  readonly #heard = Promise.withResolvers<undefined>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: InventoryOptions) {
    this.#options = options;
    this.#sources = options.sources.map((runtime) => ({
      runtime,
      known: new Map(),
      isUp: false,
      hasListed: false,
      error: undefined,
    }));
  }

  start(signal: AbortSignal): Promise<void> {
    this.#running = Promise.all(this.#sources.map((source) => this.#follow(source, signal)));
    this.#check();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await this.#running;
  }

  /** Resolves when every source has either listed its containers or failed to. */
  get heardFromAll(): Promise<undefined> {
    return this.#heard.promise;
  }

  status(): readonly SourceStatus[] {
    return this.#sources.map(({ runtime, known, isUp, hasListed, error }) => ({
      name: runtime.name,
      isUp,
      hasListed,
      containers: known.size,
      error,
    }));
  }

  async #follow(source: Source, signal: AbortSignal): Promise<void> {
    for await (const update of source.runtime.watch(signal)) {
      if (signal.aborted) return;
      this.#take(source, update);
    }
  }

  #take(source: Source, update: RuntimeUpdate): void {
    switch (update.kind) {
      case 'listed':
        source.isUp = true;
        source.error = undefined;
        for (const change of diffContainers(source.known, update.containers)) {
          if (change.kind === 'gone') this.#gone(source, change.key);
          else this.#set(source, change.facts);
        }
        source.hasListed = true;
        break;
      case 'set':
        this.#set(source, update.facts);
        break;
      case 'gone':
        this.#gone(source, update.key);
        break;
      case 'stopped': {
        const facts = source.known.get(update.key);
        if (facts === undefined) break;
        source.known.set(update.key, withoutPid(facts));
        this.#options.onStopped(update.key);
        break;
      }
      case 'unreadable':
        this.#options.onError(update.error);
        break;
      case 'down':
        source.isUp = false;
        source.error = update.error;
        this.#options.onError(update.error);
        break;
    }
    this.#check();
  }

  #set(source: Source, facts: ContainerFacts): void {
    source.known.set(toWorkloadKey(facts), facts);
    const workload = toWorkload(facts);
    if (workload !== undefined) this.#options.onSet(workload);
  }

  #gone(source: Source, key: WorkloadKey): void {
    if (source.known.delete(key)) this.#options.onGone(key);
  }

  #check(): void {
    if (this.#sources.every((source) => source.hasListed || source.error !== undefined))
      this.#heard.resolve(undefined);
    if (this.#sources.every((source) => source.hasListed)) this.#options.onComplete();
  }
}
