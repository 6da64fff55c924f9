import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { Class, Code, Counter, counterList, Hook, Verdict } from '@kubearmor-ts/abi';
import { createEnforcer, spawnEnforcer } from '@kubearmor-ts/enforcer';
import type { AccessRecord, Enforcer, EnforcerProcess, Hello } from '@kubearmor-ts/enforcer';
import { createRealClock } from '@kubearmor-ts/life';
import { defaultCacheDir } from '../lab/checkout.ts';
import { compileProgram } from '../lab/compile-program.ts';
import { scenario } from '../lab/scenario.ts';
import type { Lab } from '../lab/scenario.ts';
import { aCgroup, aPlan, mappedMaps, memoryOf, otherBuild } from './workload-rig.ts';

/** Where the host puts what the guest runs. */
const programs = (cacheDir: string): string => join(cacheDir, 'enforcement');
const binary = join(programs(defaultCacheDir()), 'ka-enforcer');
const loop = join(programs(defaultCacheDir()), 'open-loop');
const pins = '/sys/fs/bpf/kubearmor-ts';
const key = 'container-1';

/** A stand-in for the agent: it remembers what came. */
class Agent {
  readonly events: AccessRecord[] = [];
  lost = 0n;
  readonly lines: string[] = [];
  readonly resyncs: Hello[] = [];
  readonly enforcer: Enforcer;
  process: EnforcerProcess | undefined;
  readonly #abort = new AbortController();

  constructor(lab: Lab, program = binary) {
    this.enforcer = createEnforcer({
      spawn: () => {
        this.process = spawnEnforcer({ binary: program });
        return this.process;
      },
      clock: createRealClock(),
      random: Math.random,
      resync: (hello) => void this.resyncs.push(hello),
      onLine: (line) => void this.lines.push(line),
    });
    this.enforcer.onEvents(({ events, lost }) => {
      this.events.push(...events);
      this.lost += lost;
    });
    lab.defer(() => this.stop());
  }

  start(): Promise<Hello> {
    return this.enforcer.start(this.#abort.signal);
  }

  async stop(): Promise<void> {
    await this.enforcer.stop();
    this.#abort.abort();
  }
}

const must = async (done: Promise<{ readonly ok: boolean; readonly error?: unknown }>): Promise<void> => {
  const answer = await done;
  assert.ok(answer.ok, inspect(answer));
};

const counts = (output: string): { opened: number; refused: number; other: number } => {
  const found = /opened=(\d+) refused=(\d+) other=(\d+)/.exec(output);
  assert.ok(found, output);
  return { opened: Number(found[1]), refused: Number(found[2]), other: Number(found[3]) };
};

scenario(
  'enforcer',
  {
    timeoutMs: 900_000,
    prepare: async ({ checkout, cacheDir }) => {
      await promisify(execFile)('make', ['-C', join(checkout, 'bpf'), 'enforcer']);
      const compiled = await compileProgram(join(checkout, 'e2e/enforcement/open-loop.c'), cacheDir, [
        '-static',
      ]);
      await mkdir(programs(cacheDir), { recursive: true });
      await copyFile(compiled, join(programs(cacheDir), 'open-loop'));
      await copyFile(join(checkout, 'bpf/.output/ka-enforcer'), join(programs(cacheDir), 'ka-enforcer'));
    },
  },
  async (lab) => {
    const secret = join(lab.scratch, 'secret');
    const noticed = join(lab.scratch, 'noticed');
    await writeFile(secret, 'secret\n');
    await writeFile(noticed, 'noticed\n');
    const plan = aPlan([secret], [noticed]);
    const named = aCgroup(lab, `ka-named-${process.pid}.scope`);
    const running = aCgroup(lab, `ka-running-${process.pid}.scope`);
    let agent = new Agent(lab);

    await lab.run([binary, '--unload']);
    lab.defer(() => lab.run([binary, '--unload']));

    await lab.case('loads, attaches every hook and greets', async () => {
      const hello = await agent.start();
      for (const hook of Object.values(Hook))
        if (hook !== Hook.NONE) assert.ok(hello.hooks & (1n << BigInt(hook)), `hook ${hook}`);
      assert.equal(hello.adopted, 0);
      assert.equal(hello.restored.length, 0);
      lab.log(`kernel ${hello.kernel.toString()}, arena ${hello.arenaSize >> 20n} MiB`);
    });

    await lab.case(
      'an access that a rule blocks is denied in a workload bound by name, and nowhere else',
      async () => {
        await must(agent.enforcer.putPlan(plan));
        await must(
          agent.enforcer.setWorkload({ workload: 7, revision: 3, contentHash: plan.contentHash, key }),
        );
        await must(agent.enforcer.bindCgroupName(7, named.name));
        await must(agent.enforcer.synced());
        await named.make();
        const inside = await named.run(['/bin/cat', secret]);
        assert.notEqual(inside.code, 0);
        assert.match(inside.stderr, /Permission denied/);
        assert.equal((await named.run(['/bin/cat', noticed])).stdout, 'noticed\n');
        assert.equal((await lab.run(['/bin/cat', secret])).stdout, 'secret\n');
      },
    );

    await lab.case('the events say exactly who did what and which rule decided', async () => {
      await lab.until('two events', () => agent.events.length >= 2, 5000);
      const text = (bytes: Buffer): string => bytes.toString();
      const [blocked, audited] = agent.events;
      assert.ok(blocked && audited);
      assert.equal(text(blocked.object), secret);
      assert.match(text(blocked.exe), /\/cat$/);
      assert.equal(text(blocked.comm), 'cat');
      assert.equal(text(blocked.cmdline), `/bin/cat\0${secret}\0`);
      assert.deepEqual(
        {
          workload: blocked.workload,
          revision: blocked.revision,
          verdict: blocked.verdict,
          cls: blocked.cls,
          hook: blocked.hook,
        },
        { workload: 7, revision: 3, verdict: Verdict.BLOCK, cls: Class.FILE, hook: Hook.FILE_OPEN },
      );
      assert.equal(plan.rules[blocked.rule]?.action, 'Block');
      assert.equal(plan.rules[audited.rule]?.action, 'Audit');
      assert.equal(audited.isAudit, 1);
    });

    await lab.case('processes that run already are bound by the id of their cgroup', async () => {
      await running.make();
      const shell = running.start([
        '/bin/sh',
        '-c',
        `exec 3<&0; echo up; read -r _ <&3 & while :; do if read -r line < ${secret}; then echo got $line; else echo refused; fi; sleep 0.1; done`,
      ]);
      await shell.waitFor(/got secret/);
      await must(
        agent.enforcer.setWorkload({
          workload: 8,
          revision: 1,
          contentHash: plan.contentHash,
          key: 'container-2',
        }),
      );
      await must(agent.enforcer.bindCgroupId(8, await running.id()));
      const before = shell.output().length;
      await shell.waitFor(/refused/, 10_000);
      await lab.until('more tries', () => shell.output().slice(before).split('refused').length > 3, 10_000);
      assert.doesNotMatch(shell.output().slice(shell.output().indexOf('refused')), /got/);
      await shell.stop();
    });

    await lab.case('what cannot be done is refused with a code, and the next command is obeyed', async () => {
      const unknown = await agent.enforcer.setWorkload({
        workload: 9,
        revision: 1,
        contentHash: 12345n,
        key: 'x',
      });
      assert.equal(!unknown.ok && unknown.error.place, 'PLAN_UNKNOWN');
      const range = await agent.enforcer.setWorkload({
        workload: 70000,
        revision: 1,
        contentHash: 0n,
        key: 'x',
      });
      assert.equal(!range.ok && range.error.place, 'WORKLOAD_RANGE');
      const unset = await agent.enforcer.bindCgroupId(10, 1n);
      assert.equal(!unset.ok && unset.error.place, 'WORKLOAD_UNKNOWN');
      assert.equal(Code.WORKLOAD_UNKNOWN > 0, true);
      await must(agent.enforcer.stats());
    });

    await lab.case('memory beside the maps stays under 10 MB', async () => {
      const pid = agent.enforcer.pid;
      assert.ok(pid);
      const memory = await memoryOf(pid);
      const maps = await mappedMaps(pid);
      lab.log(
        `enforcer RSS ${memory['VmRSS']} KiB, of it maps ${maps} KiB, peak ${memory['VmHWM']} KiB, anonymous ${memory['RssAnon']} KiB`,
      );
      assert.ok((memory['VmRSS'] ?? 0) - maps <= 10 << 10);
    });

    await lab.case(
      'killed, it leaves enforcement on; restarted, it adopts and the events flow again',
      async () => {
        const before = agent.events.length;
        const pid = agent.enforcer.pid;
        assert.ok(pid);
        const back = new Promise<void>((resolve) =>
          agent.enforcer.onState((state) => state.kind === 'running' && resolve()),
        );
        const looping = named.start([loop, secret, '1000000', '2000']);
        await looping.waitFor(/looping/);
        process.kill(pid, 'SIGKILL');
        await back;
        const [hello] = agent.resyncs;
        assert.equal(hello?.adopted, 1);
        assert.deepEqual(
          hello?.restored.map((w) => [w.workload, w.revision, w.contentHash, w.key]),
          [
            [7, 3, plan.contentHash, key],
            [8, 1, plan.contentHash, 'container-2'],
          ],
        );
        await looping.stop();
        const { opened, refused } = counts(looping.output());
        assert.equal(opened, 0);
        assert.ok(refused > 0);
        lab.log(`${refused} refusals`);
        // What the ring could not hold, or died with the process, is known by its number: nothing is missing uncounted.
        await lab.until(
          'every refusal to be an event or a counted loss',
          () => agent.events.length - before + Number(agent.lost) === refused,
          30_000,
        );
        lab.log(
          `${refused} refusals over the restart: ${agent.events.length - before} events, ${agent.lost} counted as lost`,
        );
        assert.equal(agent.enforcer.badFrames, 0);
      },
    );

    const logCounters = async (): Promise<void> => {
      const stats = await agent.enforcer.stats();
      if (stats.ok) lab.log(counterList.map(({ name }, i) => `${name}=${stats.value.counter[i]}`).join(' '));
    };
    lab.defer(logCounters);
    await logCounters();

    await lab.case('an agent that died with events in hand is told exactly how many it lacks', async () => {
      const last = agent.events.reduce((max, event) => (event.seq > max ? event.seq : max), 0n);
      const { state } = agent.enforcer;
      assert.ok(state.kind === 'running');
      const { numbering } = state.hello;
      await must(agent.enforcer.eventsTaken({ numbering, taken: last - 5n, open: 0n }));
      await agent.stop();
      const tries = await named.run([loop, secret, '3']);
      agent = new Agent(lab);
      const hello = await agent.start();
      await logCounters();
      assert.equal(tries.code, 0, tries.stderr);
      assert.equal(hello.adopted, 1);
      assert.equal(hello.numbering, numbering);
      assert.deepEqual([hello.taken[0], hello.open[0]], [last - 5n, 0n]);
      assert.equal(hello.waiting[0], 3n);
      await lab.until('the gap', () => agent.lost > 0n, 10_000);
      assert.equal(agent.lost, 5n);
      assert.equal(agent.events.length, 3);
    });

    await lab.case(
      'an agent that does not read loses events by the exact count, and its commands are obeyed all the same',
      async () => {
        const floods = 60_000;
        const eventsBefore = agent.events.length;
        const lostBefore = agent.lost;
        const alertsLost = async (): Promise<bigint> => {
          const stats = await agent.enforcer.stats();
          assert.ok(stats.ok);
          return stats.value.counter[Counter.ALERTS_LOST] ?? 0n;
        };
        const countedBefore = await alertsLost();
        agent.process?.frames.pause();
        const flood = await named.run([loop, secret, String(floods)]);
        assert.deepEqual(counts(flood.stdout), { opened: 0, refused: floods, other: 0 });
        const opened = agent.enforcer.setWorkload({ workload: 7, revision: 4, contentHash: 0n, key });
        await lab.until(
          'the change to be in force',
          async () => (await named.run(['/bin/cat', secret])).code === 0,
          10_000,
        );
        agent.process?.frames.resume();
        await must(opened);
        const came = (): number => agent.events.length - eventsBefore;
        const lost = (): number => Number(agent.lost - lostBefore);
        await lab.until(
          'the ring to be read',
          () => came() > floods / 100 && agent.events.at(-1) !== undefined,
          30_000,
        );
        await must(agent.enforcer.putPlan(plan));
        await must(
          agent.enforcer.setWorkload({ workload: 7, revision: 5, contentHash: plan.contentHash, key }),
        );
        // A loss at the end shows when a later record comes.
        await lab.until(
          'every record to have come or be counted',
          async () => {
            assert.equal(counts((await named.run([loop, secret, '1'])).stdout).refused, 1);
            return lost() > 0;
          },
          60_000,
        );
        await lab.until(
          'the counts to agree',
          async () => (await alertsLost()) - countedBefore === BigInt(lost()),
          20_000,
        );
        assert.ok(came() + lost() > floods);
        lab.log(`${floods} refusals unread: ${came()} records came, ${lost()} were lost and counted`);
      },
    );

    await lab.case(
      '1,000 changes of policy while a process opens a blocked file: not one open succeeds',
      async () => {
        const other = aPlan([secret, '/somewhere/else']);
        await must(
          agent.enforcer.setWorkload({ workload: 7, revision: 4, contentHash: plan.contentHash, key }),
        );
        await must(agent.enforcer.synced());
        const looping = named.start([loop, secret, '100000000', '200']);
        await looping.waitFor(/looping/);
        for (let i = 0; i < 1000; i++) {
          const next = i % 2 === 0 ? other : plan;
          const put = agent.enforcer.putPlan(next);
          await must(
            agent.enforcer.setWorkload({ workload: 7, revision: 5 + i, contentHash: next.contentHash, key }),
          );
          await must(put);
        }
        await looping.stop();
        const { opened, refused } = counts(looping.output());
        lab.log(`1,000 changes, ${refused} refusals, ${opened} opens`);
        assert.equal(opened, 0);
        assert.ok(refused > 1000);
        const stats = await agent.enforcer.stats();
        assert.ok(stats.ok);
        assert.equal(stats.value.planCount, 1);
        assert.equal(stats.value.counter[Counter.PLAN_BROKEN], 0n);
      },
    );

    await lab.case('an upgrade never lets an open through', async () => {
      const { stdout } = await lab.run([binary, '--version']);
      const hash = /build ([0-9a-f]{64})/.exec(stdout)?.[1];
      assert.ok(hash);
      const newer = await otherBuild(binary, hash, join(lab.scratch, 'ka-enforcer-newer'));
      const looping = named.start([loop, secret, '100000000', '200']);
      await looping.waitFor(/looping/);
      await agent.stop();
      agent = new Agent(lab, newer);
      const hello = await agent.start();
      assert.equal(hello.adopted, 0);
      await access(join(pins, 'old'));
      await must(agent.enforcer.putPlan(plan));
      await must(
        agent.enforcer.setWorkload({ workload: 7, revision: 2000, contentHash: plan.contentHash, key }),
      );
      await must(agent.enforcer.bindCgroupId(7, await named.id()));
      await must(agent.enforcer.synced());
      await assert.rejects(access(join(pins, 'old')));
      const before = agent.events.length;
      await lab.until('events of the new build', () => agent.events.length > before, 10_000);
      await looping.stop();
      assert.equal(counts(looping.output()).opened, 0);
    });

    await lab.case('a second enforcer does not touch the pins of the first', async () => {
      const second = await lab.run(['/bin/sh', '-c', `exec "$0" 3</dev/null 4>/dev/null`, binary]);
      assert.equal(second.code, 6);
    });

    await lab.case('the agent gone, it ends by itself and the pins still deny', async () => {
      await agent.stop();
      assert.notEqual((await named.run(['/bin/cat', secret])).code, 0);
    });

    await lab.case('--unload ends enforcement and leaves nothing behind', async () => {
      assert.equal((await lab.run([binary, '--unload'])).code, 0);
      assert.equal((await named.run(['/bin/cat', secret])).stdout, 'secret\n');
      await assert.rejects(access(pins));
      assert.match(await readFile('/proc/mounts', 'utf8'), / bpf /);
    });
  },
);
