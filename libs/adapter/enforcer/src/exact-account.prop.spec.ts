import { encodeEventAccess, encodeEventFrame, FrameKind, FrameReader, Ring } from '@kubearmor-ts/abi';
import type { Frame, FrameHello } from '@kubearmor-ts/abi';
import fc from 'fast-check';
import { EventIntake } from './index.ts';
import type { Account, EventBatch, TakenMark } from './index.ts';

const RING_ROOM = 6;
const empty = Buffer.alloc(0);

const recordFrame = (seq: bigint): Frame => {
  const record = encodeEventAccess({
    seq,
    bootNs: 0n,
    execId: 0n,
    args: [0n, 0n, 0n],
    workload: 0,
    revision: 0,
    rule: 0,
    hostPid: 0,
    hostPpid: 0,
    pid: 0,
    ppid: 0,
    uid: 0,
    ownerUid: 0,
    syscall: 0,
    openFlags: 0,
    count: 1,
    cls: 1,
    verdict: 0,
    hook: 0,
    access: 0,
    isAudit: 0,
    comm: empty,
    tty: empty,
    object: empty,
    object2: empty,
    exe: empty,
    parentExe: empty,
    cmdline: empty,
    cwd: empty,
  });
  const frames: Frame[] = [];
  new FrameReader().push(encodeEventFrame(Ring.ALERTS, record), {
    frame: (frame) => void frames.push(frame),
    error: (error) => {
      throw new Error(error.message);
    },
  });
  return frames[0] as Frame;
};

/** A record or a mark on its way to the file, or to the enforcer. */
type Due =
  { readonly kind: 'line'; readonly tells: bigint } | { readonly kind: 'mark'; readonly mark: TakenMark };

/**
 * Kernel, enforcer, agent and file, with everything that can die dying between any two steps. Time is the agent's
 * period: a number that was given out reaches the ring, and what came into the ring is read, before the second period
 * after. That is what the adapter's rule stands on; only what waited in the ring for a new enforcer may take longer.
 */
class World {
  produced = 0n;
  /** Alerts in the file and losses told there, each record counted as often as it was told. */
  told = 0n;
  /** Told, and then forgotten with the agent that did not say so in time. */
  toldInVain = 0n;
  #numbering = 1n;
  #given = 0n;
  #kept: Account = { taken: 0n, open: 0n };
  #period = 0;
  /** Numbers whose records are still being written, with the period they were given out in. */
  #flying: { readonly seq: bigint; readonly period: number }[] = [];
  #ring: { readonly seq: bigint; readonly isOld: boolean; readonly period: number }[] = [];
  #inEnforcer: bigint[] = [];
  #due: Due[] = [];
  #unmarked = 0n;
  #intake: EventIntake = this.#newAgent();

  give(): void {
    this.produced += 1n;
    this.#given += 1n;
    this.#flying.push({ seq: this.#given, period: this.#period });
  }

  /** One of the CPUs puts its record into the ring, or finds it full. */
  land(which: number): void {
    const [record] = this.#flying.splice(which % Math.max(1, this.#flying.length), 1);
    if (record !== undefined && this.#ring.length < RING_ROOM) this.#ring.push({ ...record, isOld: false });
  }

  read(count: number): void {
    this.#inEnforcer.push(...this.#ring.splice(0, count).map(({ seq }) => seq));
  }

  deliver(count: number): void {
    for (const seq of this.#inEnforcer.splice(0, count)) this.#intake.frame(recordFrame(seq));
    this.#intake.flush();
  }

  write(count: number): void {
    for (const due of this.#due.splice(0, count)) {
      if (due.kind === 'line') {
        this.told += due.tells;
        this.#unmarked += due.tells;
        continue;
      }
      this.#unmarked = 0n;
      const { numbering, taken, open } = due.mark;
      if (numbering !== this.#numbering) continue;
      // What bpf/enforcer/taken.h says.
      if (taken >= this.#kept.taken && taken - open > this.#kept.taken - this.#kept.open)
        this.#kept = { taken, open };
    }
  }

  tellCount(): void {
    this.#intake.produced([this.#given, 0n]);
  }

  passPeriod(): void {
    const isDue = ({ period }: { readonly period: number }): boolean => period < this.#period;
    for (let i = this.#flying.length - 1; i >= 0; i -= 1) if (isDue(this.#flying[i]!)) this.land(i);
    const last = this.#ring.findLastIndex((record) => !record.isOld && isDue(record));
    this.read(last + 1);
    this.deliver(Infinity);
    this.#intake.settle();
    this.#period += 1;
  }

  killEnforcer(): void {
    this.#inEnforcer = [];
    this.#greet(this.#intake);
  }

  killAgent(): void {
    this.toldInVain += this.#unmarked;
    this.#unmarked = 0n;
    this.#due = [];
    this.#inEnforcer = [];
    this.#intake = this.#newAgent();
  }

  /** The kernel's side is loaded anew; the agent knew how many records there were. */
  loadAnew(): void {
    this.tellCount();
    [this.#flying, this.#ring, this.#inEnforcer] = [[], [], []];
    this.#numbering += 1n;
    this.#given = 0n;
    this.#kept = { taken: 0n, open: 0n };
    // Its numbers cannot be said to be taken any more, nor will anybody ask for them.
    this.#greet(this.#intake);
    this.write(Infinity);
  }

  /** Everybody lives for a while. */
  comeToRest(): void {
    while (this.#flying.length > 0) this.land(0);
    this.read(Infinity);
    this.deliver(Infinity);
    this.tellCount();
    for (let i = 0; i < 5; i += 1) this.passPeriod();
    this.write(Infinity);
  }

  get isAllAccountedFor(): boolean {
    return this.#kept.taken === this.#given && this.#kept.open === 0n;
  }

  #newAgent(): EventIntake {
    const intake = new EventIntake({
      batch: (batch) => this.#take(batch),
      broken: (error) => {
        throw new Error(error.message);
      },
    });
    this.#greet(intake);
    return intake;
  }

  #take({ events, lost, mark }: EventBatch): void {
    for (let i = 0; i < events.length; i += 1) this.#due.push({ kind: 'line', tells: 1n });
    if (lost > 0n) this.#due.push({ kind: 'line', tells: lost });
    this.#due.push({ kind: 'mark', mark });
  }

  #greet(intake: EventIntake): void {
    this.#ring = this.#ring.map((record) => ({ ...record, isOld: true }));
    const hello: FrameHello = {
      size: 0,
      kind: FrameKind.HELLO,
      abiVersion: 1,
      seq: 0n,
      hooks: 0n,
      numbering: this.#numbering,
      taken: [this.#kept.taken, 0n],
      open: [this.#kept.open, 0n],
      produced: [this.#given, 0n],
      waiting: [BigInt(this.#ring.length), 0n],
      arenaSize: 0n,
      adopted: 1,
      workloadCount: 0,
      build: empty,
      kernel: empty,
    };
    intake.greeted(hello);
  }
}

type Step = (world: World) => void;

const step = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });
const always = (act: Step): fc.Arbitrary<Step> => fc.constant(act);
const some = (act: (world: World, n: number) => void): fc.Arbitrary<Step> =>
  fc.nat({ max: 8 }).map((n) => (world: World) => act(world, n));

const life: readonly ReturnType<typeof step>[] = [
  step(
    12,
    always((world) => world.give()),
  ),
  step(
    10,
    some((world, n) => world.land(n)),
  ),
  step(
    6,
    some((world, n) => world.read(n)),
  ),
  step(
    6,
    some((world, n) => world.deliver(n)),
  ),
  step(
    6,
    some((world, n) => world.write(n)),
  ),
  step(
    1,
    always((world) => world.tellCount()),
  ),
  step(
    3,
    always((world) => world.passPeriod()),
  ),
];
const enforcerDies = step(
  1,
  always((world) => world.killEnforcer()),
);
const agentDies = step(
  1,
  always((world) => world.killAgent()),
);
const loadedAnew = step(
  1,
  always((world) => world.loadAnew()),
);

const afterwards = (steps: readonly Step[]): World => {
  const world = new World();
  for (const act of steps) act(world);
  world.comeToRest();
  return world;
};

const lives = (...deaths: ReturnType<typeof step>[]): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof(...life, ...deaths), { maxLength: 200, size: 'max' });

test('whoever dies, and whenever, each record is told, and twice only if it was written and not yet said to be', () => {
  fc.assert(
    fc.property(lives(enforcerDies, agentDies), (steps) => {
      const world = afterwards(steps);
      expect(world.told).toBe(world.produced + world.toldInVain);
      expect(world.isAllAccountedFor).toBe(true);
    }),
  );
});

test('while the agent lives, each record is told exactly once, even when its numbers begin again', () => {
  fc.assert(
    fc.property(lives(enforcerDies, loadedAnew), (steps) => {
      const world = afterwards(steps);
      expect(world.told).toBe(world.produced);
      expect(world.toldInVain).toBe(0n);
      expect(world.isAllAccountedFor).toBe(true);
    }),
  );
});

test('an agent that dies with every line said to be written makes nobody tell anything twice', () => {
  const careful = step(
    1,
    always((world) => {
      world.write(Infinity);
      world.killAgent();
    }),
  );
  fc.assert(
    fc.property(lives(enforcerDies, careful), (steps) => {
      const world = afterwards(steps);
      expect(world.told).toBe(world.produced);
      expect(world.toldInVain).toBe(0n);
    }),
  );
});
