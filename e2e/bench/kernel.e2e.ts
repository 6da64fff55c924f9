import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createEnforcer, spawnEnforcer, type Enforcer } from '@kubearmor-ts/enforcer';
import { createRealClock } from '@kubearmor-ts/life';
import { aCgroup, type Place } from '../enforcement/workload-rig.ts';
import { defaultCacheDir } from '../lab/checkout.ts';
import { compileProgram } from '../lab/compile-program.ts';
import { scenario, type HostPlaces, type Lab } from '../lab/scenario.ts';
import { compile, objects, OVERLAY, PLAIN, settingsFor, type ObjectName } from './kernel-plans.ts';

/** What the host made for the guest. */
interface Prepared {
  readonly settings: readonly {
    readonly name: string;
    readonly measures: readonly ObjectName[];
    readonly file: string;
    readonly contentHash: string;
    readonly automata: { readonly exec: number; readonly file: number };
    readonly blobBytes: number;
  }[];
}

export interface KernelFigure {
  readonly kernel: string;
  readonly setting: string;
  readonly object: ObjectName;
  /** For one operation. */
  readonly instructions: number;
  /** For one opening: median above least. For a run: the rounds' greatest less the least. */
  readonly spread: number;
  readonly automata?: { readonly exec: number; readonly file: number };
  readonly blobBytes?: number;
}

const folder = (cacheDir: string): string => join(cacheDir, 'bench');
const place = folder(defaultCacheDir());
const [enforcerProgram, counterProgram, noopProgram, preparedFile] = [
  'ka-enforcer',
  'count',
  'noop',
  'prepared.json',
].map((name) => join(place, name)) as [string, string, string, string];

async function prepare({ checkout, cacheDir }: HostPlaces): Promise<void> {
  await promisify(execFile)('make', ['-s', '-C', join(checkout, 'bpf'), 'enforcer'], {
    maxBuffer: 16 << 20,
  });
  const to = folder(cacheDir);
  await mkdir(to, { recursive: true });
  const publish = async (name: string, write: (draft: string) => Promise<void>): Promise<void> => {
    const draft = join(to, `${name}.${randomBytes(4).toString('hex')}`);
    await write(draft);
    await rename(draft, join(to, name));
  };
  const compiled = async (source: string, flags: readonly string[]): Promise<void> => {
    const program = await compileProgram(join(checkout, `e2e/bench/${source}.c`), cacheDir, flags);
    await publish(source, (draft) => copyFile(program, draft));
  };
  await compiled('count', ['-static']);
  await compiled('noop', ['-static', '-nostdlib']);
  await publish('ka-enforcer', (draft) => copyFile(join(checkout, 'bpf/.output/ka-enforcer'), draft));
  const settings: Prepared['settings'][number][] = [];
  for (const setting of settingsFor(counterProgram)) {
    const plan = compile(setting);
    const file = `${plan.contentHash.toString(16)}.plan`;
    await publish(file, (draft) => writeFile(draft, plan.blob));
    settings.push({
      name: setting.name,
      measures: setting.measures,
      file,
      contentHash: String(plan.contentHash),
      automata: { exec: plan.size.automata.exec, file: plan.size.automata.file },
      blobBytes: plan.size.blobBytes,
    });
  }
  await publish('prepared.json', (draft) =>
    writeFile(draft, JSON.stringify({ settings } satisfies Prepared)),
  );
}

const WORKLOAD = 7;
/**
 * There is a timer tick every four million instructions. Rounds of openings are short and mostly hold none, so the
 * least says what an opening takes. Making and ending processes leaves work behind for later, so those rounds are long
 * and their median counts.
 */
const SHAPE: Readonly<Record<'open' | 'refused' | 'exec', readonly [times: number, rounds: number]>> = {
  open: [150, 15],
  refused: [150, 15],
  exec: [100, 3],
};
const kindOf = (object: ObjectName): 'open' | 'refused' | 'exec' =>
  object.endsWith('Program') ? 'exec' : object === 'refusedFile' ? 'refused' : 'open';

/** A file system as a container has it, beside a plain one, both with the measured objects. */
async function layOut(lab: Lab): Promise<void> {
  const below = join(lab.scratch, 'overlay');
  for (const part of ['lower', 'upper', 'work']) await mkdir(join(below, part), { recursive: true });
  for (const [path, root, to] of Object.values(objects).flatMap((path) =>
    [
      [path, PLAIN, PLAIN],
      [path, OVERLAY, join(below, 'lower')],
    ].filter(([, root]) => path.startsWith(`${root!}/`)),
  ) as [string, string, string][]) {
    if (root === PLAIN && !(await stat(PLAIN).catch(() => undefined))) {
      await mkdir(PLAIN, { recursive: true });
      await must(lab, ['mount', '-t', 'tmpfs', 'bench', PLAIN]);
    }
    const target = join(to, path.slice(root.length + 1));
    await mkdir(dirname(target), { recursive: true });
    if (path.endsWith('/noop')) await copyFile(noopProgram, target);
    else await writeFile(target, 'x');
  }
  await mkdir(OVERLAY, { recursive: true });
  const layers = `lowerdir=${below}/lower,upperdir=${below}/upper,workdir=${below}/work`;
  await must(lab, ['mount', '-t', 'overlay', 'overlay', '-o', layers, OVERLAY]);
  lab.defer(() => lab.run(['umount', '-l', OVERLAY, PLAIN]));
}

async function must(lab: Lab, argv: readonly string[]): Promise<void> {
  const { code, stderr } = await lab.run(argv);
  assert.equal(code, 0, `${argv.join(' ')}: ${stderr}`);
}

async function measure(
  at: Place,
  measures: readonly ObjectName[],
): Promise<readonly Pick<KernelFigure, 'object' | 'instructions' | 'spread'>[]> {
  const argv = measures.flatMap((object) => {
    const kind = kindOf(object);
    return [kind, objects[object], ...SHAPE[kind].map(String)];
  });
  const { code, stdout, stderr } = await at.run([counterProgram, ...argv]);
  assert.equal(code, 0, stderr);
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, measures.length, stdout);
  return measures.map((object, index) => {
    const rounds = lines[index]!.split(' ')
      .map(Number)
      .sort((a, b) => a - b);
    const middle = rounds[rounds.length >> 1]!;
    return kindOf(object) === 'exec'
      ? { object, instructions: middle, spread: rounds.at(-1)! - rounds[0]! }
      : { object, instructions: rounds[0]!, spread: middle - rounds[0]! };
  });
}

scenario('bench-kernel', { onlyByName: true, prepare, timeoutMs: 1_500_000 }, async (lab) => {
  const { settings } = JSON.parse(await readFile(preparedFile, 'utf8')) as Prepared;
  await layOut(lab);
  const inside = aCgroup(lab, 'ka-bench.scope');
  const outside = aCgroup(lab, 'ka-bench-outside.scope');
  await inside.make();
  await outside.make();
  const tell = async (
    setting: string,
    at: Place,
    measures: readonly ObjectName[],
    more: Partial<KernelFigure> = {},
  ): Promise<void> => {
    for (const figure of await measure(at, measures))
      lab.log(
        `bench ${JSON.stringify({ kernel: lab.kernel, setting, ...figure, ...more } satisfies KernelFigure)}`,
      );
  };
  const every = [...new Set(settings.flatMap(({ measures }) => measures))].filter(
    (object) => object !== 'refusedFile',
  );
  const unload = (): Promise<void> => must(lab, [enforcerProgram, '--unload']);

  await lab.case('without the enforcer', async () => {
    await lab.run([enforcerProgram, '--unload']);
    await tell('bare', inside, every);
    await tell('bare again', inside, every);
  });

  lab.defer(unload);
  const stopped = new AbortController();
  const enforcer: Enforcer = createEnforcer({
    spawn: () => spawnEnforcer({ binary: enforcerProgram }),
    clock: createRealClock(),
    random: Math.random,
    answerMs: 300_000,
    greetMs: 900_000,
  });
  lab.defer(async () => {
    await enforcer.stop();
    stopped.abort();
  });
  await enforcer.start(stopped.signal);
  const done = async (answer: ReturnType<Enforcer['synced']>): Promise<void> => {
    const result = await answer;
    assert.ok(result.ok, JSON.stringify(result));
  };
  await done(enforcer.synced());

  let revision = 0;
  for (const { name, measures, file, contentHash, automata, blobBytes } of settings)
    await lab.case(name, async () => {
      const blob = await readFile(join(place, file));
      revision += 1;
      const plan = { contentHash: BigInt(contentHash), blob };
      await done(enforcer.putPlan(plan));
      await done(
        enforcer.setWorkload({ workload: WORKLOAD, revision, contentHash: plan.contentHash, key: 'bench' }),
      );
      if (revision === 1) {
        await done(enforcer.bindCgroupId(WORKLOAD, await inside.id()));
        await tell('no workload', outside, measures);
      }
      await tell(name, inside, measures, { automata, blobBytes });
    });

  await lab.case('without the enforcer, at the end', async () => {
    await enforcer.stop();
    await unload();
    // The kernel detaches in its own time, one grace period of its tasks for each program (kernel/bpf/trampoline.c).
    await lab.until(
      'the kernel to let go of the programs',
      async () => (await lab.run(['bpftool', 'prog', 'show', 'name', 'on_file_open'])).stdout === '',
      300_000,
    );
    await tell('bare at the end', inside, every);
  });
});
