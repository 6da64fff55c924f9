import { KA_HOST_WORKLOAD } from '@kubearmor-ts/abi';
import type { EnforcementPlan } from '@kubearmor-ts/plan';
import { policyKey } from '@kubearmor-ts/policy';
import type { Policy, PolicyMode, Postures } from '@kubearmor-ts/policy';
import type { CodedError } from '@kubearmor-ts/result';
import { withoutPid, WorkloadNumbers } from '@kubearmor-ts/workload';
import type { Workload, WorkloadKey } from '@kubearmor-ts/workload';
import { AttributionHistory } from './attribution-history.ts';
import type { Binding } from './attribution-history.ts';
import { PlanCompiler } from './compile-plan.ts';
import type { Compiled, Refusal } from './compile-plan.ts';
import { toPolicyMode } from './enforcement-settings.ts';
import type { EnforcementSettings } from './enforcement-settings.ts';
import type { EnforcerPort } from './enforcer-port.ts';
import { KernelPlans } from './kernel-plans.ts';
import type { PolicyChange, PolicyStore } from './policy-store.ts';
import { selectsContainer, selectsHost } from './select-policies.ts';

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

/** One row of the tables in the kernel, with what it should be and what it is. */
interface Entry {
  readonly key: string;
  number: number;
  workload: Workload | undefined;
  mode: PolicyMode;
  readonly selected: Map<string, Policy>;
  applied: Applied | undefined;
  refusals: readonly Refusal[];
  /** Why the kernel does not hold what it should. */
  failure: CodedError | undefined;
  isBound: boolean;
}

interface Applied {
  readonly session: number;
  readonly revision: number;
  readonly compiled: Compiled | undefined;
}

export interface WorkloadStatus {
  readonly key: string;
  readonly number: number;
  readonly workload: Workload | undefined;
  readonly mode: PolicyMode;
  readonly policies: readonly Policy[];
  readonly inForce: Compiled | undefined;
  readonly revision: number;
  readonly refusals: readonly Refusal[];
  readonly failure: CodedError | undefined;
}

export interface EnforceCounts {
  settled: number;
  failed: number;
  bindFailed: number;
}

const HOST_KEY = 'host';
/** The content hash that stands for no rules. */
const NO_RULES = 0n;

const REST_MS_MAX = 1000;

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
  #numbers: WorkloadNumbers;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<string>();
  readonly #kernel = new KernelPlans();
  readonly #drops = new Map<number, WorkloadKey>();
  #restored = new Map<string, Restored>();
  #session = 0;
  #isConnected = false;
  #revision = 0;
  #syncWanted = false;
  #hasSynced = false;
  #working: Promise<void> | undefined;
  #restUntilMs = 0;
  #hurry: (() => void) | undefined;

  constructor(options: EnforceOptions) {
    this.#options = options;
    this.compiler = new PlanCompiler(options.nowMs);
    this.#numbers = new WorkloadNumbers(options.maxWorkloads);
    this.#entries.set(HOST_KEY, newEntry(HOST_KEY, KA_HOST_WORKLOAD, undefined, 'enabled'));
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
    this.#renumber(restored.filter((one) => one.workload !== KA_HOST_WORKLOAD));
    /* With nothing to lose there is no need to hear every runtime first. */
    if (restored.every((one) => one.workload === KA_HOST_WORKLOAD)) this.#syncWanted = true;
    for (const [key, entry] of this.#entries) {
      entry.isBound = entry.workload === undefined;
      this.#dirty.add(key);
    }
    this.#work();
  }

  /** What the kernel has goes on under its number; others, also those met before the kernel was heard, take free ones. */
  #renumber(restored: readonly Restored[]): void {
    const dropped = new Set<string>(this.#drops.values());
    this.#drops.clear();
    this.#numbers = new WorkloadNumbers(this.#options.maxWorkloads);
    for (const { key, workload } of restored) {
      const isTaken = this.#numbers.adopt(key as WorkloadKey, workload);
      if (isTaken && dropped.has(key) && !this.#entries.has(key))
        this.#drops.set(workload, key as WorkloadKey);
    }
    for (const entry of [...this.#entries.values()]) {
      if (entry.workload === undefined) continue;
      const number = this.#numbers.assign(entry.workload.key);
      if (number.ok) {
        entry.number = number.value;
        continue;
      }
      this.#entries.delete(entry.key);
      this.#options.onError(number.error);
    }
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#hurry?.();
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
    this.#drops.delete(number.value);
    const entry = newEntry(workload.key, number.value, workload, toPolicyMode(workload.annotations));
    this.#select(entry);
    this.#entries.set(workload.key, entry);
    this.#dirty.add(workload.key);
    this.#hurry?.();
    this.#work();
  }

  dropWorkload(key: WorkloadKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#dirty.delete(key);
    this.history.drop(entry.number);
    this.#drops.set(entry.number, key);
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

  /** What failed is tried once more. */
  retry(): void {
    for (const [key, entry] of this.#entries)
      if (entry.failure !== undefined || !entry.isBound) this.#dirty.add(key);
    this.#work();
  }

  *status(): IterableIterator<WorkloadStatus> {
    for (const {
      key,
      number,
      workload,
      mode,
      selected,
      applied,
      refusals,
      failure,
    } of this.#entries.values()) {
      yield {
        key,
        number,
        workload,
        mode,
        policies: [...selected.values()],
        inForce: applied?.compiled,
        revision: applied?.revision ?? 0,
        refusals,
        failure,
      };
    }
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

  #select(entry: Entry): void {
    for (const policy of this.#options.store.policies()) this.#offer(entry, policy);
  }

  #offer(entry: Entry, policy: Policy): boolean {
    const key = policyKey(policy.id);
    const { settings } = this.#options;
    const isSelected =
      entry.workload === undefined
        ? selectsHost(policy, settings)
        : selectsContainer(policy, entry.workload, settings);
    if (!isSelected) return entry.selected.delete(key);
    if (entry.selected.get(key) === policy) return false;
    entry.selected.set(key, policy);
    return true;
  }

  #update(entry: Entry, workload: Workload): void {
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
      if (this.#isConnected && (this.#dirty.size > 0 || this.#drops.size > 0)) this.#work();
    });
  }

  async #drain(): Promise<void> {
    /* Lets changes of the same turn gather, and in a flood of them those of the time the last round took. */
    await Promise.resolve();
    await this.#rest();
    const spentMs = this.compiler.counts.totalMs;
    while (this.#isConnected && (this.#dirty.size > 0 || this.#drops.size > 0)) {
      const entry = this.#takeDirty();
      if (entry !== undefined) await this.#settle(entry);
      else await this.#sendDrops();
      /* Events and new containers get their turn between two compilations. */
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.compiler.sweep(this.#plansInForce());
    const restMs = Math.min(this.compiler.counts.totalMs - spentMs, REST_MS_MAX);
    this.#restUntilMs = this.#options.nowMs() + restMs;
    if (this.#isConnected && this.#syncWanted && !this.#hasSynced) {
      this.#hasSynced = true;
      const answer = await this.#options.enforcer.synced();
      if (!answer.ok) this.#options.onError(answer.error);
    }
  }

  /** Compiling takes half of the time at most, unless a container is waiting for its first rules. */
  async #rest(): Promise<void> {
    const ms = this.#restUntilMs - this.#options.nowMs();
    const isUrgent = [...this.#dirty].some((key) => this.#entries.get(key)?.applied === undefined);
    if (ms <= 0 || isUrgent) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#hurry = undefined;
  }

  /** A container that is about to start comes before those that already have rules. */
  #takeDirty(): Entry | undefined {
    let chosen: Entry | undefined;
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
    for (const [number, key] of [...this.#drops]) {
      this.#drops.delete(number);
      /* A refusal means that the kernel does not hold it; an enforcer that went away drops it at the next sync. */
      await this.#options.enforcer.dropWorkload(number);
      this.#kernel.drop(number);
      if (this.#numbers.get(key) === number && !this.#entries.has(key)) this.#numbers.release(key);
    }
  }

  async #settle(entry: Entry): Promise<void> {
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

  #compile(entry: Entry, inForce: ReadonlyMap<string, Policy>): Compiled | 'refused' {
    const compiled = this.compiler.compile(
      entry.selected.values(),
      inForce,
      this.#posturesOf(entry),
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
  async #keep(entry: Entry): Promise<void> {
    const restored = this.#restored.get(entry.key);
    if (entry.applied !== undefined) {
      if (entry.applied.session !== this.#session) await this.#apply(entry, entry.applied.compiled);
    } else if (restored !== undefined) {
      await this.#set(entry, undefined, restored.revision, restored.contentHash);
    }
  }

  async #apply(entry: Entry, compiled: Compiled | undefined): Promise<void> {
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
    entry: Entry,
    compiled: Compiled | undefined,
    revision: number,
    contentHash: bigint,
  ): Promise<boolean> {
    const binding: Binding = {
      workload: entry.workload,
      number: entry.number,
      plan: compiled?.plan,
      postures: this.#posturesOf(entry),
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

  async #bind(entry: Entry): Promise<void> {
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

  #failBinding(entry: Entry, error: CodedError): void {
    entry.isBound = false;
    this.counts.bindFailed += 1;
    if (this.#isConnected) this.#options.onError({ ...error, object: entry.key });
  }

  #fail(entry: Entry, error: CodedError): void {
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

  #posturesOf(entry: Entry): Postures {
    const { settings } = this.#options;
    return entry.workload === undefined ? settings.host.postures : settings.containers.postures;
  }

  #nextRevision(): number {
    this.#revision = this.#revision >= 0xffff_ffff ? 1 : this.#revision + 1;
    return this.#revision;
  }
}

function newEntry(key: string, number: number, workload: Workload | undefined, mode: PolicyMode): Entry {
  return {
    key,
    number,
    workload,
    mode,
    selected: new Map(),
    applied: undefined,
    refusals: [],
    failure: undefined,
    isBound: workload === undefined,
  };
}
