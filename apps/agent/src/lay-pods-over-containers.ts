import type { Workload, WorkloadKey } from '@kubearmor-ts/workload';
import { toUserLabels, withoutPid } from '@kubearmor-ts/workload';

/** What the API server says of a pod that its containers' runtime cannot: it copies labels once and few annotations. */
export interface PodFacts {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PodLayerOptions {
  readonly onSet: (workload: Workload) => void;
  readonly onGone: (key: WorkloadKey) => void;
  readonly onStopped: (key: WorkloadKey) => void;
}

/**
 * Containers as runtimes tell of them, with the labels and annotations that their pod has now.
 *
 *  1. Either may come first, and either may be missing: a container of a pod that is not known is told as it is.
 *  2. A pod that is deleted leaves its facts to the containers that are still there.
 */
export class PodLayer {
  readonly #options: PodLayerOptions;
  readonly #pods = new Map<string, PodFacts>();
  readonly #containers = new Map<WorkloadKey, Workload>();
  readonly #byPod = new Map<string, Set<WorkloadKey>>();
  readonly #deleted = new Set<string>();

  constructor(options: PodLayerOptions) {
    this.#options = options;
  }

  setContainer(workload: Workload): void {
    this.#forget(workload.key, workload);
    this.#containers.set(workload.key, workload);
    if (workload.isOrchestrated) {
      const pod = podOf(workload);
      const keys = this.#byPod.get(pod) ?? new Set();
      this.#byPod.set(pod, keys.add(workload.key));
    }
    this.#options.onSet(this.#layered(workload));
  }

  stopContainer(key: WorkloadKey): void {
    const workload = this.#containers.get(key);
    if (workload !== undefined) this.#containers.set(key, withoutPid(workload));
    this.#options.onStopped(key);
  }

  dropContainer(key: WorkloadKey): void {
    this.#forget(key);
    this.#containers.delete(key);
    this.#options.onGone(key);
  }

  /** `pod` is `namespace/name`. */
  setPod(pod: string, facts: PodFacts): void {
    this.#deleted.delete(pod);
    const before = this.#pods.get(pod);
    this.#pods.set(pod, facts);
    // Most changes of a pod are of its status.
    if (before !== undefined && isSame(before, facts)) return;
    for (const key of this.#byPod.get(pod) ?? []) {
      const workload = this.#containers.get(key);
      if (workload !== undefined) this.#options.onSet(this.#layered(workload));
    }
  }

  dropPod(pod: string): void {
    if (this.#byPod.has(pod)) this.#deleted.add(pod);
    else this.#pods.delete(pod);
  }

  #layered(workload: Workload): Workload {
    const pod = workload.isOrchestrated ? this.#pods.get(podOf(workload)) : undefined;
    if (pod === undefined) return workload;
    return {
      ...workload,
      labels: toUserLabels(pod.labels),
      annotations: { ...workload.annotations, ...pod.annotations },
    };
  }

  /** Where the container is no longer, or is no longer under this name. */
  #forget(key: WorkloadKey, next?: Workload): void {
    const before = this.#containers.get(key);
    if (before === undefined || (next !== undefined && podOf(next) === podOf(before))) return;
    const pod = podOf(before);
    const keys = this.#byPod.get(pod);
    keys?.delete(key);
    if (keys?.size !== 0) return;
    this.#byPod.delete(pod);
    if (this.#deleted.delete(pod)) this.#pods.delete(pod);
  }
}

const podOf = ({ namespace, pod }: Workload): string => `${namespace}/${pod}`;

const isSame = (a: PodFacts, b: PodFacts): boolean =>
  isSameTable(a.labels, b.labels) && isSameTable(a.annotations, b.annotations);

function isSameTable(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}
