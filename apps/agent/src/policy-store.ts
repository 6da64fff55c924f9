import { policyKey } from '@kubearmor-ts/policy';
import type { Policy } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';

/** What one file says, as it was last read. */
export interface PolicyFile {
  readonly path: string;
  readonly policies: readonly Policy[];
  /** Documents that say nothing usable, and the file itself when it cannot be read. */
  readonly errors: readonly CodedError[];
  /** Parts of usable documents that say nothing, such as unknown fields. */
  readonly warnings?: readonly CodedError[];
  /** Decides between two files that define the same policy: the one written last. */
  readonly writtenNs: bigint;
}

export interface PolicyChange {
  readonly set: readonly Policy[];
  readonly gone: readonly string[];
}

/**
 * The policies in force on this node, by kind, namespace and name.
 *
 * Invariants
 *  1. A file with a broken document takes no protection away: what it said before stays for every policy that its good
 *     documents do not define anew.
 *  2. A file without errors is taken at its word: what it no longer says is gone.
 *  3. Listeners hear of a change only when the policy in force under a key is another object than before.
 */
export class PolicyStore {
  readonly #files = new Map<string, PolicyFile>();
  /** Paths of the files that define a policy, by policy key. */
  readonly #definers = new Map<string, Set<string>>();
  readonly #inForce = new Map<string, Policy>();
  readonly #listeners: ((change: PolicyChange) => void)[] = [];
  readonly #problemListeners: ((error: CodedError) => void)[] = [];

  onChange(listener: (change: PolicyChange) => void): void {
    this.#listeners.push(listener);
  }

  /** Each complaint of a file that was just read. */
  onProblem(listener: (error: CodedError) => void): void {
    this.#problemListeners.push(listener);
  }

  get size(): number {
    return this.#inForce.size;
  }

  policies(): IterableIterator<Policy> {
    return this.#inForce.values();
  }

  get(key: string): Policy | undefined {
    return this.#inForce.get(key);
  }

  /** Every complaint about files and their documents, by path. */
  *problems(): IterableIterator<readonly [path: string, error: CodedError]> {
    for (const { path, errors } of this.#files.values()) for (const error of errors) yield [path, error];
    for (const key of this.#definers.keys()) {
      const paths = this.filesOf(key).flatMap(({ path, policies }) =>
        policies.filter(({ id }) => policyKey(id) === key).map(() => path),
      );
      if (paths.length > 1) yield [paths.at(-1) as string, duplicate(key, paths)];
    }
  }

  /** What usable documents say in vain, by path. */
  *warnings(): IterableIterator<readonly [path: string, warning: CodedError]> {
    for (const { path, warnings } of this.#files.values())
      for (const warning of warnings ?? []) yield [path, warning];
  }

  /** Files that define the policy, the one in force last. */
  filesOf(key: string): readonly PolicyFile[] {
    return [...(this.#definers.get(key) ?? [])]
      .map((path) => this.#files.get(path) as PolicyFile)
      .sort(byAge);
  }

  file(path: string): PolicyFile | undefined {
    return this.#files.get(path);
  }

  /** Takes a batch of files that were read, and of paths that are gone, as one change. */
  apply(read: readonly PolicyFile[], gone: readonly string[]): PolicyChange {
    const touched = new Set<string>();
    for (const path of gone) this.#replace(path, undefined, touched);
    for (const file of read) {
      const before = this.#files.get(file.path);
      const next =
        file.errors.length === 0
          ? file
          : { ...file, policies: withKept(file.policies, before?.policies ?? []) };
      this.#replace(file.path, next, touched);
      for (const error of [...file.errors, ...(file.warnings ?? [])])
        for (const listener of this.#problemListeners) listener(error);
    }
    return this.#settle(touched);
  }

  #replace(path: string, next: PolicyFile | undefined, touched: Set<string>): void {
    for (const { id } of this.#files.get(path)?.policies ?? []) {
      const key = policyKey(id);
      touched.add(key);
      const definers = this.#definers.get(key);
      definers?.delete(path);
      if (definers?.size === 0) this.#definers.delete(key);
    }
    if (next === undefined) {
      this.#files.delete(path);
      return;
    }
    this.#files.set(path, next);
    for (const { id } of next.policies) {
      const key = policyKey(id);
      touched.add(key);
      const definers = this.#definers.get(key) ?? new Set();
      definers.add(path);
      this.#definers.set(key, definers);
    }
  }

  #settle(keys: ReadonlySet<string>): PolicyChange {
    const set: Policy[] = [];
    const gone: string[] = [];
    for (const key of keys) {
      const next = this.#newest(key);
      const before = this.#inForce.get(key);
      if (next === before) continue;
      if (next === undefined) {
        this.#inForce.delete(key);
        gone.push(key);
      } else {
        this.#inForce.set(key, next);
        set.push(next);
      }
    }
    const change = { set, gone };
    if (set.length + gone.length > 0) for (const listener of this.#listeners) listener(change);
    return change;
  }

  #newest(key: string): Policy | undefined {
    return this.filesOf(key)
      .at(-1)
      ?.policies.findLast((policy) => policyKey(policy.id) === key);
  }
}

function withKept(policies: readonly Policy[], before: readonly Policy[]): readonly Policy[] {
  const keys = new Set(policies.map((policy) => policyKey(policy.id)));
  return [...policies, ...before.filter((policy) => !keys.has(policyKey(policy.id)))];
}

function byAge(a: PolicyFile, b: PolicyFile): number {
  if (a.writtenNs !== b.writtenNs) return a.writtenNs < b.writtenNs ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}

const duplicate = (key: string, paths: readonly string[]): CodedError => ({
  code: 'KA_AGENT_POLICY_DUPLICATE',
  reason: 'DuplicatePolicy',
  message: `defined ${paths.length} times (${[...new Set(paths)].join(', ')}); the file written last is in force`,
  object: key,
});
