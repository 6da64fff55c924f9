import { PassThrough } from 'node:stream';
import {
  Code,
  decodeFrameCgroupId,
  decodeFrameCgroupName,
  decodeFrameEventsTaken,
  decodeFramePlanPut,
  decodeFrameWorkloadDrop,
  decodeFrameWorkloadSet,
  encodeBareFrame,
  encodeEventAccess,
  encodeEventFrame,
  encodeFrameAck,
  encodeFrameHello,
  encodeFrameStats,
  encodeFrameWorkload,
  FrameKind,
  FramePlanPutLayout,
  FrameReader,
  Hook,
  KA_HOOK_COUNT,
  KA_MAX_WORKLOADS,
  Ring,
  Verdict,
} from '@kubearmor-ts/abi';
import type { EventAccess, Frame } from '@kubearmor-ts/abi';
import type { EnforcerProcess, Exit } from '@kubearmor-ts/enforcer';

export interface FakeWorkload {
  readonly revision: number;
  readonly contentHash: bigint;
  readonly key: string;
}

export type FakeEvent = Partial<Omit<EventAccess, 'size' | 'kind' | 'abiVersion' | 'seq'>>;

interface Life {
  readonly commands: PassThrough;
  readonly frames: PassThrough;
  readonly end: (exit: Exit) => void;
}

const empty = Buffer.alloc(0);

export class FakeEnforcer {
  /** What pinned maps would hold. */
  readonly plans = new Map<bigint, Buffer>();
  readonly workloads = new Map<number, FakeWorkload>();
  readonly cgroupNames = new Map<string, number>();
  readonly cgroupIds = new Map<bigint, number>();
  readonly taken: bigint[] = [0n, 0n];
  readonly open: bigint[] = [0n, 0n];
  readonly produced: bigint[] = [0n, 0n];
  readonly counters: bigint[] = Array.from({ length: 32 }, () => 0n);
  /** Kinds of the commands received, in order. */
  readonly received: FrameKind[] = [];
  starts = 0;
  numbering = 1n;
  /** Set to make the next start fail this way. */
  nextExit: Exit | undefined;
  /** Set to leave commands unanswered. */
  isMute = false;
  #life: Life | undefined;
  #seen = new Set<number>();
  readonly #waiting: Buffer[] = [];

  /** Give this to `createEnforcer`. */
  readonly spawn = (): EnforcerProcess => {
    this.starts += 1;
    const { promise: exited, resolve: end } = Promise.withResolvers<Exit>();
    const life: Life = { commands: new PassThrough(), frames: new PassThrough(), end };
    const process: EnforcerProcess = {
      pid: undefined,
      commands: life.commands,
      frames: life.frames,
      onLine: () => undefined,
      exited,
      kill: () => this.#leave(life, { code: null, signal: 'SIGKILL' }),
    };
    if (this.nextExit !== undefined) {
      end(this.nextExit);
      this.nextExit = undefined;
      return process;
    }
    this.#life = life;
    const reader = new FrameReader();
    const sink = {
      frame: (frame: Frame) => this.#obey(frame),
      error: () => this.#leave(life, { code: 7, signal: null }),
    };
    life.commands.on('data', (chunk: Buffer) => reader.push(chunk, sink));
    life.commands.on('end', () => this.#leave(life, { code: 0, signal: null }));
    this.#greet();
    return process;
  };

  /** Dies as from SIGKILL; plans, workloads and records not yet read stay. */
  crash(): void {
    if (this.#life !== undefined) this.#leave(this.#life, { code: null, signal: 'SIGKILL' });
  }

  /** The next process loads the programs anew: nothing is in force, the rings are empty and count from 1. */
  unload(): void {
    this.crash();
    for (const kept of [this.plans, this.workloads, this.cgroupNames, this.cgroupIds]) kept.clear();
    for (const count of [this.taken, this.open, this.produced]) count.fill(0n);
    this.#waiting.length = 0;
    this.numbering += 1n;
  }

  /** Puts a record into the ring; without a process it waits there. */
  emit(event: FakeEvent = {}, ring: Ring = Ring.ALERTS): bigint {
    const seq = this.#number(ring);
    const record = encodeEventAccess({
      seq,
      bootNs: seq,
      execId: 0n,
      args: [0n, 0n, 0n],
      workload: 1,
      revision: 1,
      rule: 1,
      hostPid: 100,
      hostPpid: 1,
      pid: 2,
      ppid: 1,
      uid: 0,
      ownerUid: 0,
      syscall: 257,
      openFlags: 0,
      count: 1,
      cls: 1,
      verdict: Verdict.BLOCK,
      hook: Hook.FILE_OPEN,
      access: 0,
      isAudit: 0,
      comm: Buffer.from('cat'),
      tty: empty,
      object: Buffer.from('/etc/shadow'),
      object2: empty,
      exe: Buffer.from('/bin/cat'),
      parentExe: Buffer.from('/bin/sh'),
      cmdline: Buffer.from('cat\0/etc/shadow'),
      cwd: Buffer.from('/'),
      ...event,
    });
    const frame = encodeEventFrame(ring, record);
    if (this.#life === undefined) this.#waiting.push(frame);
    else this.#life.frames.write(frame);
    return seq;
  }

  /** Numbers a record that never reaches the ring. */
  lose(ring: Ring = Ring.ALERTS): bigint {
    return this.#number(ring);
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: Buffer): void {
    this.#life?.frames.write(bytes);
  }

  #number(ring: Ring): bigint {
    const seq = (this.produced[ring] ?? 0n) + 1n;
    this.produced[ring] = seq;
    return seq;
  }

  #leave(life: Life, exit: Exit): void {
    if (this.#life === life) this.#life = undefined;
    life.frames.end();
    life.end(exit);
  }

  #greet(): void {
    this.#seen = new Set();
    this.#say(
      encodeFrameHello({
        seq: 0n,
        hooks: (1n << BigInt(KA_HOOK_COUNT)) - 2n,
        numbering: this.numbering,
        taken: this.taken,
        open: this.open,
        produced: this.produced,
        waiting: [BigInt(this.#waiting.length), 0n],
        arenaSize: 32n << 20n,
        adopted: this.starts > 1 ? 1 : 0,
        workloadCount: this.workloads.size,
        build: Buffer.alloc(32),
        kernel: Buffer.from('6.12.0-fake'),
      }),
    );
    for (const [workload, { revision, contentHash, key }] of this.workloads) {
      this.#say(encodeFrameWorkload({ seq: 0n, workload, revision, contentHash, key: Buffer.from(key) }));
    }
    this.#say(encodeBareFrame(FrameKind.READY, 0n));
    for (const frame of this.#waiting.splice(0)) this.#say(frame);
  }

  #say(bytes: Buffer): void {
    this.#life?.frames.write(bytes);
  }

  #obey(frame: Frame): void {
    this.received.push(frame.kind);
    if (this.isMute) return;
    if (frame.kind === FrameKind.STATS_GET) {
      this.#say(
        encodeFrameStats({
          seq: frame.seq,
          arenaUsed: 0n,
          arenaSize: 32n << 20n,
          produced: this.produced,
          planCount: this.plans.size,
          workloadCount: this.workloads.size,
          counter: this.counters,
        }),
      );
      return;
    }
    this.#say(encodeFrameAck({ seq: frame.seq, code: this.#apply(frame), error: 0, detail: empty }));
  }

  #apply({ kind, bytes }: Frame): Code {
    switch (kind) {
      case FrameKind.PLAN_PUT:
        this.plans.set(
          decodeFramePlanPut(bytes, 0).contentHash,
          bytes.subarray(FramePlanPutLayout.sizeBytes),
        );
        return Code.OK;
      case FrameKind.WORKLOAD_SET: {
        const { workload, revision, contentHash, key } = decodeFrameWorkloadSet(bytes, 0);
        if (workload >= KA_MAX_WORKLOADS) return Code.WORKLOAD_RANGE;
        if (contentHash !== 0n && !this.plans.has(contentHash)) return Code.PLAN_UNKNOWN;
        this.workloads.set(workload, { revision, contentHash, key: key.toString('utf8') });
        this.#seen.add(workload);
        return Code.OK;
      }
      case FrameKind.WORKLOAD_DROP:
        return this.#drop(decodeFrameWorkloadDrop(bytes, 0).workload);
      case FrameKind.CGROUP_NAME: {
        const { workload, name } = decodeFrameCgroupName(bytes, 0);
        if (!this.workloads.has(workload)) return Code.WORKLOAD_UNKNOWN;
        this.cgroupNames.set(name.toString('utf8'), workload);
        return Code.OK;
      }
      case FrameKind.CGROUP_ID: {
        const { workload, cgroupId } = decodeFrameCgroupId(bytes, 0);
        if (!this.workloads.has(workload)) return Code.WORKLOAD_UNKNOWN;
        this.cgroupIds.set(cgroupId, workload);
        return Code.OK;
      }
      case FrameKind.SYNCED:
        for (const workload of [...this.workloads.keys()])
          if (!this.#seen.has(workload)) this.#drop(workload);
        return Code.OK;
      case FrameKind.EVENTS_TAKEN: {
        const { taken, open } = decodeFrameEventsTaken(bytes, 0);
        for (const ring of [Ring.ALERTS, Ring.TELEMETRY])
          this.#take(ring, taken[ring] ?? 0n, open[ring] ?? 0n);
        return Code.OK;
      }
      default:
        return Code.FRAME_UNKNOWN;
    }
  }

  #take(ring: Ring, taken: bigint, open: bigint): void {
    const [keptTaken, keptOpen] = [this.taken[ring] ?? 0n, this.open[ring] ?? 0n];
    if (open > taken || taken < keptTaken || taken - open <= keptTaken - keptOpen) return;
    this.taken[ring] = taken;
    this.open[ring] = open;
  }

  #drop(workload: number): Code {
    if (!this.workloads.delete(workload)) return Code.WORKLOAD_UNKNOWN;
    for (const [name, owner] of this.cgroupNames) if (owner === workload) this.cgroupNames.delete(name);
    for (const [id, owner] of this.cgroupIds) if (owner === workload) this.cgroupIds.delete(id);
    return Code.OK;
  }
}
