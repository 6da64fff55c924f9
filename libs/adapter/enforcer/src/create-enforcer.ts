import {
  decodeFrameHello,
  decodeFrameWorkload,
  encodeBareFrame,
  encodeFrameCgroupId,
  encodeFrameCgroupName,
  encodeFrameEventsTaken,
  encodeFramePlanPut,
  encodeFrameWorkloadDrop,
  encodeFrameWorkloadSet,
  FrameKind,
  FrameReader,
  KA_CGROUP_NAME_LEN,
  KA_WORKLOAD_KEY_LEN,
  Ring,
} from '@kubearmor-ts/abi';
import type { EventAccess, Frame, FrameError, FrameStats } from '@kubearmor-ts/abi';
import { Backoff } from '@kubearmor-ts/flow';
import type { Clock } from '@kubearmor-ts/life';
import { assertNever, fail, ok } from '@kubearmor-ts/result';
import type { Result } from '@kubearmor-ts/result';
import { EnforcerError, exitFault, fault } from './errors.ts';
import type { EnforcerFault } from './errors.ts';
import { EventIntake } from './event-intake.ts';
import type { EventBatch, TakenMark } from './event-intake.ts';
import { Pending } from './pending.ts';
import type { Answer } from './pending.ts';
import { planHash } from './plan-hash.ts';
import type { EnforcerProcess } from './spawn-enforcer.ts';
import { step } from './supervisor.ts';
import type { Effect, Hello, Input, RestoredWorkload, State } from './supervisor.ts';
import { TakenMarks } from './taken-marks.ts';

export type AccessRecord = EventAccess;
export type Done = Promise<Result<void, EnforcerFault>>;

export interface EnforcerDeps {
  readonly spawn: () => EnforcerProcess;
  readonly clock: Clock;
  readonly random: () => number;
  /**
   * Runs when the enforcer serves again after it had ended. The kernel still enforces what `hello.restored` lists;
   * what changed meanwhile is to be sent, and `synced()` when that is complete.
   */
  readonly resync?: (hello: Hello) => void;
  /** Runs at the stop, when no record is handed over any more and what is taken can still be said. */
  readonly beforeEnd?: () => Promise<void>;
  readonly onLine?: (line: string) => void;
  readonly answerMs?: number;
  readonly greetMs?: number;
  readonly maxPending?: number;
  readonly maxPendingBytes?: number;
}

export type EventListener = (batch: EventBatch) => void;

export interface Enforcer {
  /** Resolves when the enforcer serves; rejects with an EnforcerError when trying again cannot help. */
  start(signal: AbortSignal): Promise<Hello>;
  /** Ends the process; what is enforced stays in force. */
  stop(): Promise<void>;
  putPlan(plan: { readonly contentHash: bigint; readonly blob: Uint8Array }): Done;
  setWorkload(set: {
    readonly workload: number;
    readonly revision: number;
    readonly contentHash: bigint;
    readonly key: string;
  }): Done;
  dropWorkload(workload: number): Done;
  bindCgroupName(workload: number, name: string): Done;
  bindCgroupId(workload: number, cgroupId: bigint): Done;
  synced(): Done;
  /**
   * What a batch's mark covers is safe: whoever starts after us need not ask for it. A mark that says nothing new is
   * not sent; one that could not be sent is sent to the next enforcer.
   */
  eventsTaken(mark: TakenMark, ring?: Ring): Done;
  stats(): Promise<Result<FrameStats, EnforcerFault>>;
  /** Each record is handed over once; each one that was produced and never arrived is told as lost once. */
  onEvents(listener: EventListener): void;
  onState(listener: (state: State) => void): void;
  readonly state: State;
  /** Of the process that runs now. */
  readonly pid: number | undefined;
  readonly restoredWorkloads: readonly RestoredWorkload[];
  /** Frames that made no sense, since the start. */
  readonly badFrames: number;
}

const TICK_MS = 1000;
const STOP_MS = 5000;

export const createEnforcer = (deps: EnforcerDeps): Enforcer => {
  const {
    clock,
    answerMs = 30_000,
    greetMs = 300_000,
    maxPending = 8192,
    maxPendingBytes = 128 << 20,
  } = deps;
  const backoff = new Backoff({ firstMs: 100, maxMs: 10_000 }, deps.random);
  const pending = new Pending();
  const marks = new TakenMarks();
  const eventListeners: EventListener[] = [];
  const stateListeners: ((state: State) => void)[] = [];
  const started = Promise.withResolvers<Hello>();
  // `start` hands the promise out; a failure before anybody asked is not a crash.
  started.promise.catch(() => undefined);

  let state: State = { kind: 'stopped' };
  let process: EnforcerProcess | undefined;
  let spawnedMs = 0;
  let wasRunning = false;
  let badFrames = 0;
  let isEnding = false;
  let lifetime: AbortSignal | undefined;

  const intake = new EventIntake({
    batch: (batch) => eventListeners.forEach((listener) => listener(batch)),
    broken: () => {
      badFrames += 1;
    },
  });

  const advance = (input: Input): void => {
    const [next, effects] = step(state, input);
    const changed = next !== state;
    state = next;
    if (state.kind !== 'running')
      pending.failAll(fault('KA_ENFORCER_GONE', 'the enforcer ended before it answered'));
    for (const effect of effects) carryOut(effect);
    if (changed) stateListeners.forEach((listener) => listener(next));
  };

  const carryOut = (effect: Effect): void => {
    switch (effect) {
      case 'spawn':
        run(deps.spawn());
        return;
      case 'kill':
        process?.kill('SIGKILL');
        return;
      case 'end':
        process?.commands.end();
        return;
      case 'arm-retry':
        if (lifetime !== undefined && !lifetime.aborted) {
          void clock.sleep(backoff.nextMs(), lifetime).then(() => {
            if (lifetime?.aborted === false) advance({ kind: 'retry' });
          });
        }
        return;
      case 'reset-backoff':
        backoff.reset();
        return;
      case 'ready':
        if (state.kind !== 'running') return;
        if (wasRunning) deps.resync?.(state.hello);
        wasRunning = true;
        if (marks.isUntold) void tellTaken();
        started.resolve(state.hello);
        return;
      case 'give-up':
        if (state.kind === 'failed') started.reject(new EnforcerError(state.error));
        return;
      default:
        assertNever(effect);
    }
  };

  const run = (child: EnforcerProcess): void => {
    process = child;
    spawnedMs = clock.nowMs();
    const reader = new FrameReader();
    const isCurrent = (): boolean => process === child;
    let lastWords = '';
    child.onLine((line) => {
      lastWords = line;
      deps.onLine?.(line);
    });
    const sink = { frame: (frame: Frame) => take(frame), error: (error: FrameError) => takeError(error) };
    child.frames.on('data', (chunk: Buffer) => {
      if (!isCurrent() || isEnding) return;
      reader.push(chunk, sink);
      intake.flush();
    });
    void child.exited.then((exit) => {
      if (!isCurrent()) return;
      process = undefined;
      advance({ kind: 'exited', ...exitFault(exit, lastWords) });
    });
  };

  const take = (frame: Frame): void => {
    switch (frame.kind) {
      case FrameKind.HELLO: {
        const hello = decodeFrameHello(frame.bytes, 0);
        marks.greeted(hello);
        intake.greeted(hello);
        return advance({ kind: 'hello', hello });
      }
      case FrameKind.WORKLOAD: {
        const { workload, revision, contentHash, key } = decodeFrameWorkload(frame.bytes, 0);
        return advance({
          kind: 'workload',
          workload: { workload, revision, contentHash, key: key.toString('utf8') },
        });
      }
      case FrameKind.READY:
        return advance({ kind: 'ready' });
      case FrameKind.EVENT:
        return intake.frame(frame);
      case FrameKind.ACK:
      case FrameKind.STATS:
        if (!pending.answer(frame)) badFrames += 1;
        return;
      default:
        badFrames += 1;
    }
  };

  const takeError = (error: FrameError): void => {
    badFrames += 1;
    const isMismatch = error.code === 'KA_ABI_MISMATCH';
    if (!error.isFatal && !isMismatch) return;
    const said = fault(
      isMismatch ? 'KA_ENFORCER_ABI_MISMATCH' : 'KA_ENFORCER_BAD_FRAME',
      `the enforcer and the agent are not of one build: ${error.message}`,
      { place: error.place },
    );
    advance({ kind: 'broken', error: said, canRetry: !isMismatch });
  };

  const watch = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(TICK_MS, signal);
      if (signal.aborted) return;
      intake.settle();
      if (marks.isUntold && state.kind === 'running' && pending.size === 0) void tellTaken();
      const now = clock.nowMs();
      const isLate =
        state.kind === 'running'
          ? pending.oldestMs(now) > answerMs
          : (state.kind === 'starting' || state.kind === 'greeted') && now - spawnedMs > greetMs;
      if (isLate)
        advance({
          kind: 'broken',
          error: fault('KA_ENFORCER_HANGS', 'the enforcer does not answer'),
          canRetry: true,
        });
    }
  };

  const send = (object: string, encode: (seq: bigint) => Buffer): Promise<Answer> => {
    if (state.kind !== 'running' || process === undefined) {
      return Promise.resolve(
        fail(fault('KA_ENFORCER_NOT_RUNNING', `${object}: the enforcer is ${state.kind}`, { object })),
      );
    }
    if (pending.size >= maxPending || process.commands.writableLength >= maxPendingBytes) {
      return Promise.resolve(
        fail(
          fault('KA_ENFORCER_QUEUE_FULL', `${object}: ${pending.size} commands wait for an answer`, {
            object,
          }),
        ),
      );
    }
    const { seq, answer } = pending.open(object, clock.nowMs());
    process.commands.write(encode(seq));
    return answer;
  };

  const command = async (object: string, encode: (seq: bigint) => Buffer): Done => {
    const answer = await send(object, encode);
    return answer.ok ? ok(undefined) : answer;
  };

  const tellTaken = async (): Done => {
    const { taken, open, confirmed } = marks.telling();
    const done = await command('events taken', (seq) => encodeFrameEventsTaken({ seq, taken, open }));
    if (done.ok) confirmed();
    return done;
  };

  const withText = (object: string, text: string, room: number, then: (bytes: Buffer) => Done): Done => {
    const bytes = Buffer.from(text, 'utf8');
    if (bytes.length === 0 || bytes.length >= room || bytes.includes(0)) {
      return Promise.resolve(
        fail(
          fault(
            'KA_ENFORCER_TEXT_INVALID',
            `${object}: "${text.slice(0, 200)}" is empty, holds a NUL, or exceeds ${room - 1} bytes`,
            { object },
          ),
        ),
      );
    }
    return then(bytes);
  };

  return {
    start(signal) {
      if (lifetime !== undefined) throw new Error('the enforcer was started twice');
      lifetime = signal;
      const onAbort = (): void =>
        started.reject(
          new EnforcerError(fault('KA_ENFORCER_NOT_STARTED', 'told to stop before the enforcer served')),
        );
      if (signal.aborted) onAbort();
      else {
        signal.addEventListener('abort', onAbort, { once: true });
        void watch(signal);
        advance({ kind: 'start' });
      }
      return started.promise;
    },
    async stop() {
      isEnding = true;
      await deps.beforeEnd?.();
      const last = process;
      advance({ kind: 'stop' });
      if (last === undefined) return;
      const patience = new AbortController();
      const late = clock.sleep(STOP_MS, patience.signal).then(() => {
        if (!patience.signal.aborted) last.kill('SIGKILL');
      });
      await last.exited;
      patience.abort();
      await late;
    },
    putPlan({ contentHash, blob }) {
      const object = `plan ${contentHash.toString(16)}`;
      if (planHash(blob) !== contentHash)
        return Promise.resolve(
          fail(
            fault('KA_ENFORCER_PLAN_HASH', `${object}: the tables hash to ${planHash(blob).toString(16)}`, {
              object,
            }),
          ),
        );
      return command(object, (seq) => encodeFramePlanPut({ seq, contentHash }, blob));
    },
    setWorkload({ workload, revision, contentHash, key }) {
      const object = `workload ${workload}`;
      return withText(object, key, KA_WORKLOAD_KEY_LEN, (bytes) =>
        command(object, (seq) =>
          encodeFrameWorkloadSet({ seq, contentHash, workload, revision, key: bytes }),
        ),
      );
    },
    dropWorkload: (workload) =>
      command(`workload ${workload}`, (seq) => encodeFrameWorkloadDrop({ seq, workload })),
    bindCgroupName: (workload, name) =>
      withText(`workload ${workload}`, name, KA_CGROUP_NAME_LEN, (bytes) =>
        command(`cgroup ${name}`, (seq) => encodeFrameCgroupName({ seq, workload, name: bytes })),
      ),
    bindCgroupId: (workload, cgroupId) =>
      command(`cgroup ${cgroupId}`, (seq) => encodeFrameCgroupId({ seq, cgroupId, workload })),
    synced: () => command('synced', (seq) => encodeBareFrame(FrameKind.SYNCED, seq)),
    eventsTaken: (mark, ring = Ring.ALERTS) =>
      marks.take(mark, ring) ? tellTaken() : Promise.resolve(ok(undefined)),
    async stats() {
      const answer = await send('stats', (seq) => encodeBareFrame(FrameKind.STATS_GET, seq));
      if (!answer.ok) return answer;
      if (answer.value === undefined)
        return fail(fault('KA_ENFORCER_BAD_FRAME', 'stats: answered without numbers'));
      intake.produced(answer.value.produced);
      return ok(answer.value);
    },
    onEvents: (listener) => void eventListeners.push(listener),
    onState: (listener) => void stateListeners.push(listener),
    get state() {
      return state;
    },
    get pid() {
      return process?.pid;
    },
    get restoredWorkloads() {
      return state.kind === 'running' ? state.hello.restored : [];
    },
    get badFrames() {
      return badFrames;
    },
  };
};
