import type { Postures, Rule } from '@kubearmor-ts/policy';
import type { Workload } from '@kubearmor-ts/workload';

/** What an alert tells of the rule that decided. */
export type Explanation = Pick<Rule, 'policy' | 'severity' | 'tags' | 'message' | 'action'>;

/** What a revision of a workload's binding meant. */
export interface Binding {
  /** Undefined for the host. Mutable: labels shown are the present ones. */
  workload: Workload | undefined;
  readonly number: number;
  /** Undefined when no rules were in force. */
  readonly plan: { readonly rules: readonly (Explanation | undefined)[] } | undefined;
  readonly postures: Postures;
}

const REVISIONS_PER_WORKLOAD = 8;
const DROPPED_MAX = 1024;

/**
 * Explains events that were decided by rules no longer in force. Revisions are unique on the node, so a kernel number
 * that was given to another container meanwhile cannot be mistaken.
 */
export class AttributionHistory {
  readonly #byRevision = new Map<number, Binding>();
  readonly #revisions = new Map<number, number[]>();
  readonly #dropped: number[] = [];

  record(revision: number, binding: Binding): void {
    this.#byRevision.set(revision, binding);
    const own = (this.#revisions.get(binding.number) ?? []).filter((known) => known !== revision);
    own.push(revision);
    while (own.length > REVISIONS_PER_WORKLOAD) this.#byRevision.delete(own.shift() as number);
    this.#revisions.set(binding.number, own);
  }

  /** The setting did not reach the kernel. */
  retract(revision: number): void {
    const binding = this.#byRevision.get(revision);
    if (binding === undefined) return;
    this.#byRevision.delete(revision);
    const own = this.#revisions.get(binding.number) ?? [];
    this.#revisions.set(
      binding.number,
      own.filter((known) => known !== revision),
    );
  }

  /** Keeps what was known for a while: its last events may still be on their way. */
  drop(number: number): void {
    this.#dropped.push(...(this.#revisions.get(number) ?? []));
    this.#revisions.delete(number);
    while (this.#dropped.length > DROPPED_MAX) this.#byRevision.delete(this.#dropped.shift() as number);
  }

  /** Alerts show the labels a container has now. */
  rename(number: number, workload: Workload): void {
    for (const revision of this.#revisions.get(number) ?? []) {
      const binding = this.#byRevision.get(revision);
      if (binding !== undefined) binding.workload = workload;
    }
  }

  find(number: number, revision: number): Binding | undefined {
    const binding = this.#byRevision.get(revision);
    return binding?.number === number ? binding : undefined;
  }

  /** The revision of each workload that is in force now. */
  *latest(): IterableIterator<readonly [revision: number, binding: Binding]> {
    for (const revisions of this.#revisions.values()) {
      const revision = revisions.at(-1);
      const binding = revision === undefined ? undefined : this.#byRevision.get(revision);
      if (revision !== undefined && binding !== undefined) yield [revision, binding];
    }
  }

  get size(): number {
    return this.#byRevision.size;
  }
}
