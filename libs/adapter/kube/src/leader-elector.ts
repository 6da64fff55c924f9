import type { Clock, Service } from '@kubearmor-ts/life';
import type { Result } from '@kubearmor-ts/result';
import { fail, ok } from '@kubearmor-ts/result';
import { fault, isRecord } from './errors.ts';
import type { KubeFault } from './errors.ts';
import type { KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-object.ts';
import { isLeadingAt, onFailed, onRead, onWritten } from './lease-machine.ts';
import type { LeaseMove, LeaseRecord, LeaseState, LeaseTimes } from './lease-machine.ts';
import { apiVersionOf, leases } from './resource.ts';

export interface Term {
  /** Grows with every new leader: writers hand it on so that a late write of an earlier leader is recognised. */
  readonly number: number;
  /** Fires when the term ends, at the latest with the renew deadline. */
  readonly signal: AbortSignal;
  /** By our own clock, at this moment: true in no process whose deadline has passed, even one that was frozen. */
  isCurrent(): boolean;
}

export interface LeaderElectorOptions {
  /** Over a transport of its own: renewals must not wait behind other requests. */
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Unique to this process, for instance the pod's name and uid. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly times?: Partial<LeaseTimes>;
  readonly onElected: (term: Term) => void;
  readonly onLost?: (term: Term) => void;
  readonly onFault?: (fault: KubeFault) => void;
}

const defaultTimes: LeaseTimes = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** One leader among those that name the same Lease. `start` does not wait to be elected. */
export class LeaderElector implements Service {
  readonly name: string;
  readonly counts = { elected: 0, lost: 0, renewals: 0, failures: 0 };
  private readonly options: LeaderElectorOptions;
  private readonly times: LeaseTimes;
  private state: LeaseState = { kind: 'standby' };
  private term: { readonly term: Term; readonly end: AbortController } | undefined;
  private ended: Promise<void> = Promise.resolve();

  constructor(options: LeaderElectorOptions) {
    this.options = options;
    this.times = { ...defaultTimes, ...options.times };
    this.name = `lease ${options.namespace}/${options.name}`;
    if (this.times.renewDeadlineMs >= this.times.leaseMs || this.times.retryMs >= this.times.renewDeadlineMs)
      throw new Error(`${this.name}: wanted retry < renew deadline < lease`);
  }

  get isLeading(): boolean {
    return isLeadingAt(this.state, this.options.clock.nowMs(), this.times);
  }

  /** Who holds the Lease as far as is known; '' for nobody. */
  get holder(): string {
    return this.state.kind === 'leading' ? this.options.identity : (this.state.seen?.record.holder ?? '');
  }

  start(signal: AbortSignal): Promise<void> {
    this.ended = this.run(signal);
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return this.ended;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.options;
    while (!signal.aborted) {
      await this.turn(signal);
      const share = this.state.kind === 'leading' ? 1 : 1 + random() / 5;
      await clock.sleep(Math.min(this.times.retryMs * share, this.untilDeadlineMs()), signal);
      this.settle(onFailed(this.state, clock.nowMs(), this.times));
    }
    await this.release();
  }

  /** A leader writes over what it wrote last; whoever does not lead, or found that changed, reads first. */
  private async turn(signal: AbortSignal): Promise<void> {
    if (this.state.kind === 'leading') {
      if (!(await this.make({ kind: 'write', over: this.state.record }, signal))) return;
    }
    const read = await this.read(signal);
    if (!read.ok) {
      this.failed(read.error);
      return;
    }
    const [next, move] = onRead(this.state, read.value, this.options.clock.nowMs(), this.options.identity);
    this.settle(next);
    if (move !== undefined) await this.make(move, signal);
  }

  /** True when the record is not what the write was based on, so that reading it may help. */
  private async make(move: LeaseMove, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, clock } = this.options;
    const sentMs = clock.nowMs();
    const call = { signal, timeoutMs: this.timeoutMs() };
    const over = move.kind === 'write' ? move.over : undefined;
    const body = this.leaseOf(over, this.options.identity);
    const written =
      over === undefined
        ? await client.create(leases, { namespace }, body, call)
        : await client.replace(leases, { namespace, name }, body, call);
    const record: Result<LeaseRecord, KubeFault> = written.ok
      ? recordOf(written.value.object, this.times.leaseMs)
      : written;
    if (record.ok) {
      this.counts.renewals += 1;
      this.settle(onWritten(record.value, sentMs));
      return false;
    }
    const isOvertaken = record.error.code === 'KA_KUBE_CONFLICT' || record.error.code === 'KA_KUBE_EXISTS';
    // Losing a race for a free Lease is how elections go.
    if (isOvertaken && this.state.kind === 'standby') return true;
    this.failed(record.error);
    return isOvertaken || record.error.code === 'KA_KUBE_NOT_FOUND';
  }

  private async read(signal: AbortSignal): Promise<Result<LeaseRecord | undefined, KubeFault>> {
    const { client, namespace, name } = this.options;
    const lease = await client.get(leases, { namespace, name }, { signal, timeoutMs: this.timeoutMs() });
    if (lease.ok) return recordOf(lease.value, this.times.leaseMs);
    return lease.error.code === 'KA_KUBE_NOT_FOUND' ? ok(undefined) : lease;
  }

  private failed(error: KubeFault): void {
    this.counts.failures += 1;
    this.options.onFault?.(error);
    this.settle(onFailed(this.state, this.options.clock.nowMs(), this.times));
  }

  /** Ends a term before another begins: two terms never overlap in one process. */
  private settle(next: LeaseState): void {
    const { clock, onElected, onLost } = this.options;
    this.state = next;
    const isLeading = isLeadingAt(next, clock.nowMs(), this.times);
    const number = next.kind === 'leading' ? next.record.transitions : undefined;
    if (this.term !== undefined && (!isLeading || this.term.term.number !== number)) {
      const { term, end } = this.term;
      this.term = undefined;
      this.counts.lost += 1;
      end.abort();
      onLost?.(term);
    }
    if (this.term !== undefined || !isLeading || number === undefined) return;
    const end = new AbortController();
    const isCurrent = (): boolean => !end.signal.aborted && this.isLeading;
    this.term = { term: { number, signal: end.signal, isCurrent }, end };
    this.counts.elected += 1;
    onElected(this.term.term);
  }

  /** The next leader need not wait for the lease to run out. */
  private async release(): Promise<void> {
    const held = this.state;
    const mayRelease = this.isLeading;
    // The term ends first: nobody may take over while we still work.
    this.settle({ kind: 'standby' });
    if (held.kind !== 'leading' || !mayRelease) return;
    const { client, namespace, name } = this.options;
    const call = { signal: AbortSignal.timeout(this.times.retryMs), timeoutMs: this.times.retryMs };
    const body = this.leaseOf(held.record, '');
    const released = await client.replace(leases, { namespace, name }, body, call);
    if (!released.ok) this.options.onFault?.(released.error);
  }

  private timeoutMs(): number {
    return Math.max(1, Math.min(this.times.renewDeadlineMs / 2, this.untilDeadlineMs()));
  }

  private untilDeadlineMs(): number {
    if (this.state.kind !== 'leading') return Number.POSITIVE_INFINITY;
    return Math.max(1, this.state.renewedMs + this.times.renewDeadlineMs - this.options.clock.nowMs());
  }

  private leaseOf(over: LeaseRecord | undefined, holder: string): object {
    const { namespace, name, clock } = this.options;
    const isClaim = holder !== '' && this.state.kind !== 'leading';
    const acquireTime = isClaim ? microTime(clock.wallNs()) : over?.acquireTime;
    const time = microTime(clock.wallNs());
    return {
      apiVersion: apiVersionOf(leases),
      kind: leases.kind,
      metadata: { namespace, name, ...(over === undefined ? {} : { resourceVersion: over.resourceVersion }) },
      spec: {
        holderIdentity: holder,
        // A released Lease is free at once for those who go by the duration too.
        leaseDurationSeconds: holder === '' ? 1 : Math.max(1, Math.round(this.times.leaseMs / 1000)),
        leaseTransitions: (over?.transitions ?? 0) + (isClaim ? 1 : 0),
        renewTime: time,
        ...(acquireTime === undefined ? {} : { acquireTime }),
      },
    };
  }
}

/** A record that promises less than our own lease, or nothing, is waited for as long as our own. */
function recordOf(lease: KubeObject, atLeastMs: number): Result<LeaseRecord, KubeFault> {
  const spec = isRecord(lease['spec']) ? lease['spec'] : {};
  const { resourceVersion } = lease.metadata;
  if (resourceVersion === undefined)
    return fail(fault('KA_KUBE_MALFORMED', `lease ${lease.metadata.name} has no resourceVersion`));
  const holder = spec['holderIdentity'];
  const seconds = Number(spec['leaseDurationSeconds'] ?? 0);
  return ok({
    resourceVersion,
    holder: typeof holder === 'string' ? holder : '',
    leaseMs: Number.isFinite(seconds) ? Math.max(seconds * 1000, atLeastMs) : atLeastMs,
    transitions: Number(spec['leaseTransitions'] ?? 0) || 0,
    ...(typeof spec['acquireTime'] === 'string' ? { acquireTime: spec['acquireTime'] } : {}),
  });
}

/** As Kubernetes' MicroTime. */
export function microTime(wallNs: bigint): string {
  const seconds = new Date(Number(wallNs / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String((wallNs / 1000n) % 1_000_000n).padStart(6, '0')}Z`;
}
