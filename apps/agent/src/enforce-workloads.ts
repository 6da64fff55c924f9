import { KA_HOST_WORKLOAD } from '@kubearmor-ts/abi';
import type { EnforcementPlan } from '@kubearmor-ts/plan';
import type { Policy } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';
import { withoutPid } from '@kubearmor-ts/workload';
import type { Workload, WorkloadKey } from '@kubearmor-ts/workload';
import { AttributionHistory } from './attribution-history.ts';
import type { Binding } from './attribution-history.ts';
import { PlanCompiler } from './compile-plan.ts';
import type { Compiled } from './compile-plan.ts';
import { toPolicyMode } from './enforcement-settings.ts';
import type { EnforcementSettings } from './enforcement-settings.ts';
import type { EnforcerPort } from './enforcer-port.ts';
import { KernelNumbers } from './kernel-numbers.ts';
import { KernelPlans } from './kernel-plans.ts';
import type { PolicyChange, PolicyStore } from './policy-store.ts';
import { SettlePace } from './settle-pace.ts';
import { newEntry, offerPolicy, posturesOf, statusOf } from './workload-entry.ts';
import type { WorkloadEntry, WorkloadStatus } from './workload-entry.ts';

/** What the kernel still held when the enforcer came up. */
export interface Restored {
  readonly workload: number;
  readonly revision: number;
  readonly contentHash: bigint;
  readonly key: string;
}

export interface EnforceOptions {
  readonly enforcer: EnforcerPort;
  readonly store: PolicyStore;
  readonly settings: EnforcementSettings;
  readonly maxWorkloads: number;
  readonly nowMs: () => number;
  /** The inode of a running container's cgroup. */
  readonly resolveCgroup: (workload: Workload) => Promise<bigint | undefined>;
  readonly onError: (error: CodedError) => void;
  /** A binding reached the kernel. */
  readonly onApplied?: () => void;
}

export interface EnforceCounts {
  settled: number;
  failed: number;
  bindFailed: number;
}

const HOST_KEY = 'host';
/** The content hash that stands for no rules. */
const NO_RULES = 0n;

/**
 * Keeps the kernel's tables equal to (policies × workloads × settings).
 *
 * Invariants
 *  1. A workload is changed by one command, so an access meets the old rules or the new ones.
 *  2. What cannot be planned or loaded leaves the previous rules of that workload in force, and touches no other.
 *  3. A revision is never used for two bindings; the history knows it before the kernel does.
 *  4. After a restart of the enforcer every workload is set again; one whose plan is what the kernel still holds keeps
 *     its revision.
 *
 *   dirty ──settle()──► compiled ──put──► set ──► applied (session, revision)
 *     ▲                    │ refused       │ failed
 *     └── policy, labels,  └── earlier ◄───┘ retried with the next change or after RETRY_MS
 *         enforcer restart     version stays
 */
export class WorkloadEnforcement {
  readonly history = new AttributionHistory();
  readonly compiler: PlanCompiler;
  readonly counts: EnforceCounts = { settled: 0, failed: 0, bindFailed: 0 };
  readonly #options: EnforceOptions;
  readonly #numbers: KernelNumbers;
  readonly #pace: SettlePace;
  readonly #entries = new Map<string, WorkloadEntry>();
  readonly #dirty = new Set<string>();
  readonly #kernel = new KernelPlans();
  #restored = new Map<string, Restored>();
  #session = 0;
  #isConnected = false;
  #revision = 0;
  #syncWanted = false;
  #hasSynced = false;
  #working: Promise<void> | undefined;

  constructor(options: EnforceOptions) {
    this.#options = options;
    this.compiler = new PlanCompiler(options.nowMs);
    this.#numbers = new KernelNumbers(options.maxWorkloads);
    this.#pace = new SettlePace(options.nowMs);
    this.#entries.set(HOST_KEY, newEntry(HOST_KEY, KA_HOST_WORKLOAD, undefined));
    options.store.onChange((change) => this.#takePolicies(change));
  }

  /** Workloads that need no further step; false while something is on its way. */
  get isSettled(): boolean {
    return this.#dirty.size === 0 && this.#working === undefined;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get size(): number {
    return this.#entries.size - 1;
  }

  connected(restored: readonly Restored[]): void {
    this.#session += 1;
    this.#isConnected = true;
    this.#hasSynced = false;
    this.#kernel.reset(restored);
    this.#restored = new Map(
      restored.map((one) => [one.workload === KA_HOST_WORKLOAD ? HOST_KEY : one.key, one]),
    );
    for (const one of restored) this.#revision = Math.max(this.#revision, one.revision);
    const containers = restored.filter((one) => one.workload !== KA_HOST_WORKLOAD);
    for (const [entry, error] of this.#numbers.restart(containers, this.#entries)) {
      this.#entries.delete(entry.key);
      this.#options.onError(error);
    }
    /* With nothing to lose there is no need to hear every runtime first. */
    if (containers.length === 0) this.#syncWanted = true;
    for (const [key, entry] of this.#entries) {
      entry.isBound = entry.workload === undefined;
      this.#dirty.add(key);
    }
    this.#work();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#pace.hurry();
  }

  /** Every runtime has told what it has: what nobody claimed may go. */
  inventoryComplete(): void {
    this.#syncWanted = true;
    this.#work();
  }

  setWorkload(workload: Workload): void {
    const known = this.#entries.get(workload.key);
    if (known !== undefined) {
      this.#update(known, workload);
      return;
    }
    const number = this.#numbers.assign(workload.key);
    if (!number.ok) {
      this.#options.onError(number.error);
      return;
    }
    const entry = newEntry(workload.key, number.value, workload);
    this.#select(entry);
    this.#entries.set(workload.key, entry);
    this.#dirty.add(workload.key);
    this.#pace.hurry();
    this.#work();
  }

  dropWorkload(key: WorkloadKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#dirty.delete(key);
    this.history.drop(entry.number);
    this.#numbers.drop(entry.number, key);
    this.#work();
  }

  /** Its processes ended; it may be started again. */
  awaitAgain(key: WorkloadKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.isBound = false;
    if (entry.workload !== undefined) entry.workload = withoutPid(entry.workload);
    this.#dirty.add(key);
    this.#work();
  }

  /** The settings of a namespace are other ones. */
  reconsiderNamespace(namespace: string): void {
    for (const [key, entry] of this.#entries)
      if (entry.workload?.namespace === namespace) this.#dirty.add(key);
    this.#work();
  }

  /** The labels of the node are other ones. */
  reconsiderHost(): void {
    const entry = this.#entries.get(HOST_KEY);
    if (entry === undefined) return;
    this.#select(entry);
    this.#dirty.add(HOST_KEY);
    this.#work();
  }

  /** What failed is tried once more. */
  retry(): void {
    for (const [key, entry] of this.#entries)
      if (entry.failure !== undefined || !entry.isBound) this.#dirty.add(key);
    this.#work();
  }

  *status(): IterableIterator<WorkloadStatus> {
    for (const entry of this.#entries.values()) yield statusOf(entry);
  }

  /** Resolves when everything known so far has been tried. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  #takePolicies({ set, gone }: PolicyChange): void {
    for (const [key, entry] of this.#entries) {
      let isChanged = false;
      for (const policy of set) isChanged = this.#offer(entry, policy) || isChanged;
      for (const policy of gone) isChanged = entry.selected.delete(policy) || isChanged;
      if (isChanged) this.#dirty.add(key);
    }
    this.#work();
  }

  #select(entry: WorkloadEntry): void {
    for (const policy of this.#options.store.policies()) this.#offer(entry, policy);
  }

  #offer(entry: WorkloadEntry, policy: Policy): boolean {
    return offerPolicy(entry, policy, this.#options.settings);
  }

  #update(entry: WorkloadEntry, workload: Workload): void {
    const before = entry.workload;
    entry.workload = workload;
    entry.mode = toPolicyMode(workload.annotations);
    this.history.rename(entry.number, workload);
    if (workload.pid !== undefined && workload.pid !== before?.pid) entry.isBound = false;
    entry.selected.clear();
    this.#select(entry);
    this.#dirty.add(entry.key);
    this.#work();
  }

  #work(): void {
    if (this.#working !== undefined || !this.#isConnected) return;
    this.#working = this.#drain().finally(() => {
      this.#working = undefined;
      /* Something may have come between the last look and here. */
      if (this.#isConnected && (this.#dirty.size > 0 || this.#numbers.hasDrops)) this.#work();
    });
  }

  async #drain(): Promise<void> {
    /* Lets changes of the same turn gather, and in a flood of them those of the time the last round took. */
    await Promise.resolve();
    if (!this.#isUrgent) await this.#pace.rest();
    const spentMs = this.compiler.counts.totalMs;
    while (this.#isConnected && (this.#dirty.size > 0 || this.#numbers.hasDrops)) {
      const entry = this.#takeDirty();
      if (entry !== undefined) await this.#settle(entry);
      else await this.#sendDrops();
      /* Events and new containers get their turn between two compilations. */
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.compiler.sweep(this.#plansInForce());
    this.#pace.compiledFor(this.compiler.counts.totalMs - spentMs);
    if (this.#isConnected && this.#syncWanted && !this.#hasSynced) {
      this.#hasSynced = true;
      const answer = await this.#options.enforcer.synced();
      if (!answer.ok) this.#options.onError(answer.error);
    }
  }

  /** A container is waiting for its first rules. */
  get #isUrgent(): boolean {
    return [...this.#dirty].some((key) => this.#entries.get(key)?.applied === undefined);
  }

  /** A container that is about to start comes before those that already have rules. */
  #takeDirty(): WorkloadEntry | undefined {
    let chosen: WorkloadEntry | undefined;
    for (const key of this.#dirty) {
      const entry = this.#entries.get(key);
      if (entry === undefined) this.#dirty.delete(key);
      else if (chosen === undefined || !entry.isBound) chosen = entry;
      if (chosen !== undefined && !chosen.isBound && chosen.workload !== undefined) break;
    }
    if (chosen !== undefined) this.#dirty.delete(chosen.key);
    return chosen;
  }

  async #sendDrops(): Promise<void> {
    for (const [number, key] of this.#numbers.takeDrops()) {
      /* A refusal means that the kernel does not hold it; an enforcer that went away drops it at the next sync. */
      await this.#options.enforcer.dropWorkload(number);
      this.#kernel.drop(number);
      if (!this.#entries.has(key)) this.#numbers.release(number, key);
    }
  }

  async #settle(entry: WorkloadEntry): Promise<void> {
    if (
      entry.workload !== undefined &&
      !entry.isBound &&
      entry.applied === undefined &&
      !this.#restored.has(entry.key)
    ) {
      /* Named before its rules are ready: processes that start meanwhile carry the number the rules will come under. */
      if (await this.#set(entry, undefined, this.#nextRevision(), NO_RULES)) await this.#bind(entry);
    }
    const inForce = entry.applied?.compiled?.policies ?? new Map<string, Policy>();
    const compiled =
      entry.mode === 'disabled' || entry.selected.size === 0 ? undefined : this.#compile(entry, inForce);
    if (compiled !== 'refused') {
      const wanted = compiled;
      const isSame =
        entry.applied !== undefined &&
        entry.applied.session === this.#session &&
        entry.applied.compiled?.plan === wanted?.plan;
      const isIdleHost =
        entry.workload === undefined &&
        wanted === undefined &&
        entry.applied === undefined &&
        !this.#restored.has(HOST_KEY);
      if (isSame || isIdleHost) entry.failure = undefined;
      else await this.#apply(entry, wanted);
    } else {
      await this.#keep(entry);
    }
    if (entry.workload !== undefined && !entry.isBound && entry.applied?.session === this.#session)
      await this.#bind(entry);
  }

  #compile(entry: WorkloadEntry, inForce: ReadonlyMap<string, Policy>): Compiled | 'refused' {
    const compiled = this.compiler.compile(
      entry.selected.values(),
      inForce,
      posturesOf(entry, this.#options.settings),
      entry.mode,
    );
    const before = entry.refusals;
    entry.refusals = compiled.refusals;
    for (const { error } of compiled.refusals) {
      if (!before.some((known) => known.error === error))
        this.#options.onError({ ...error, object: error.object ?? entry.key });
    }
    return compiled.plan === undefined ? 'refused' : (compiled as Compiled);
  }

  /** No plan can be made of what is wanted: what was in force is set again where a new session asks for it. */
  async #keep(entry: WorkloadEntry): Promise<void> {
    const restored = this.#restored.get(entry.key);
    if (entry.applied !== undefined) {
      if (entry.applied.session !== this.#session) await this.#apply(entry, entry.applied.compiled);
    } else if (restored !== undefined) {
      await this.#set(entry, undefined, restored.revision, restored.contentHash);
    }
  }

  async #apply(entry: WorkloadEntry, compiled: Compiled | undefined): Promise<void> {
    const hash = compiled?.plan.contentHash ?? NO_RULES;
    if (compiled !== undefined && !this.#kernel.has(hash)) {
      const put = await this.#options.enforcer.putPlan(compiled.plan);
      if (!put.ok) {
        this.#fail(entry, put.error);
        return;
      }
    }
    const restored = this.#restored.get(entry.key);
    const isKept =
      restored !== undefined && restored.contentHash === hash && restored.workload === entry.number;
    await this.#set(entry, compiled, isKept ? restored.revision : this.#nextRevision(), hash);
  }

  async #set(
    entry: WorkloadEntry,
    compiled: Compiled | undefined,
    revision: number,
    contentHash: bigint,
  ): Promise<boolean> {
    const binding: Binding = {
      workload: entry.workload,
      number: entry.number,
      plan: compiled?.plan,
      postures: posturesOf(entry, this.#options.settings),
    };
    const session = this.#session;
    this.history.record(revision, binding);
    const answer = await this.#options.enforcer.setWorkload({
      workload: entry.number,
      revision,
      contentHash,
      key: entry.key,
    });
    if (!answer.ok) {
      this.history.retract(revision);
      this.#fail(entry, answer.error);
      return false;
    }
    this.#restored.delete(entry.key);
    this.#kernel.set(entry.number, contentHash);
    entry.applied = { session, revision, compiled };
    entry.failure = undefined;
    this.counts.settled += 1;
    this.#options.onApplied?.();
    return true;
  }

  async #bind(entry: WorkloadEntry): Promise<void> {
    const { workload } = entry;
    if (workload === undefined) return;
    entry.isBound = true;
    for (const name of workload.cgroupNames) {
      const answer = await this.#options.enforcer.bindCgroupName(entry.number, name);
      if (!answer.ok) this.#failBinding(entry, answer.error);
    }
    if (workload.pid === undefined) return;
    const id = await this.#options.resolveCgroup(workload);
    if (id === undefined) {
      entry.isBound = false;
      this.counts.bindFailed += 1;
      return;
    }
    const answer = await this.#options.enforcer.bindCgroupId(entry.number, id);
    if (!answer.ok) this.#failBinding(entry, answer.error);
  }

  #failBinding(entry: WorkloadEntry, error: CodedError): void {
    entry.isBound = false;
    this.counts.bindFailed += 1;
    if (this.#isConnected) this.#options.onError({ ...error, object: entry.key });
  }

  #fail(entry: WorkloadEntry, error: CodedError): void {
    this.counts.failed += 1;
    if (this.#isConnected && entry.failure?.message !== error.message)
      this.#options.onError({ ...error, object: error.object ?? entry.key });
    entry.failure = error;
  }

  #plansInForce(): ReadonlySet<EnforcementPlan> {
    const plans = new Set<EnforcementPlan>();
    for (const { applied } of this.#entries.values())
      if (applied?.compiled !== undefined) plans.add(applied.compiled.plan);
    return plans;
  }

  #nextRevision(): number {
    this.#revision = this.#revision >= 0xffff_ffff ? 1 : this.#revision + 1;
    return this.#revision;
  }
}
