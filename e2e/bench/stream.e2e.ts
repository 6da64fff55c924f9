import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mappedMaps, memoryOf } from '../enforcement/workload-rig.ts';
import { compileProgram } from '../lab/compile-program.ts';
import { defaultCacheDir } from '../lab/checkout.ts';
import { runContainer } from '../lab/containers/containerd.ts';
import { scenario, type HostPlaces, type Lab } from '../lab/scenario.ts';
import { AgentNode } from '../node/agent-node.ts';
import type { SeenAlert } from '../node/alert-stream.ts';

export interface StreamFigure {
  readonly kernel: string;
  /** Accesses that the kernel refused, by the count of the program that tried. */
  readonly refused: number;
  readonly delivered: number;
  readonly lostBefore: number;
  readonly lostBehind: number;
  /** From the first try until the client had everything, by the guest's clock. */
  readonly seconds: number;
  readonly memory: { readonly atRest: NodeMemory; readonly afterwards: NodeMemory };
}

export interface NodeMemory {
  readonly agentKiB: number;
  /** Without what is mapped of the kernel's maps. */
  readonly enforcerKiB: number;
  readonly mapsKiB: number;
}

const POLICY = 'bench-block';
const TRIES = [1000, 20_000];
const programs = (cacheDir: string): string => join(cacheDir, 'bench/container');

async function prepare({ checkout, cacheDir }: HostPlaces): Promise<void> {
  const run = promisify(execFile);
  await run('make', ['-s', '-C', join(checkout, 'bpf'), 'enforcer'], { maxBuffer: 16 << 20 });
  await run(process.execPath, ['tools/bundle.ts', 'agent'], { cwd: checkout });
  const loop = await compileProgram(join(checkout, 'e2e/enforcement/open-loop.c'), cacheDir, ['-static']);
  await mkdir(programs(cacheDir), { recursive: true });
  await copyFile(loop, join(programs(cacheDir), 'open-loop'));
}

async function memoryNow(agent: number): Promise<NodeMemory> {
  const children = await readFile(`/proc/${agent}/task/${agent}/children`, 'latin1');
  const enforcer = Number(children.trim().split(' ')[0]);
  const maps = await mappedMaps(enforcer);
  return {
    agentKiB: (await memoryOf(agent))['VmRSS'] ?? NaN,
    enforcerKiB: ((await memoryOf(enforcer))['VmRSS'] ?? NaN) - maps,
    mapsKiB: maps,
  };
}

/** A request to an agent under flood has failed before, of a cause not found; if it does again, the log says why. */
async function metric(lab: Lab, node: AgentNode, name: string): Promise<number> {
  const text = await lab.until(
    'the metrics',
    () =>
      node
        .get('/metrics')
        .then((answer) => answer.text())
        .catch((cause: unknown) => void lab.log(`metrics: ${String((cause as Error).cause ?? cause)}`)),
    60_000,
  );
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN);
}

const dataOf = (alert: SeenAlert): Readonly<Record<string, string>> =>
  alert['EventData'] as Readonly<Record<string, string>>;

/** What a client that saw these alerts knows of the accesses to one file. */
function countOf(alerts: readonly SeenAlert[]): { readonly delivered: number; readonly lost: number } {
  let delivered = 0;
  let lost = 0;
  for (const alert of alerts) {
    if (alert['PolicyName'] === POLICY) delivered += Number(dataOf(alert)['Count'] ?? 1);
    else if (alert['Operation'] === 'EventsLost') lost += Number(dataOf(alert)['Lost']);
  }
  return { delivered, lost };
}

async function flood(
  lab: Lab,
  node: AgentNode,
  tries: number,
  enter: (argv: readonly string[]) => ReturnType<Lab['run']>,
): Promise<Omit<StreamFigure, 'kernel' | 'memory'>> {
  const mark = node.mark();
  const before = {
    lost: await metric(lab, node, 'ka_agent_events_lost_total'),
    dropped: await metric(lab, node, 'ka_agent_alerts_dropped_total'),
  };
  const start = performance.now();
  const { code, stdout, stderr } = await enter(['/bench/open-loop', '/secret.txt', String(tries)]);
  assert.equal(code, 0, stderr);
  const refused = Number(/refused=(\d+)/.exec(stdout)?.[1]);
  assert.equal(refused, tries, stdout);
  const after = await lab.until(
    `all of ${refused} refusals to be accounted for`,
    async () => {
      const lost = (await metric(lab, node, 'ka_agent_events_lost_total')) - before.lost;
      const dropped = (await metric(lab, node, 'ka_agent_alerts_dropped_total')) - before.dropped;
      const seen = countOf(node.alerts.seen.slice(mark));
      return seen.delivered + lost + dropped >= refused
        ? { ...seen, lostBefore: lost, dropped, atMs: performance.now() }
        : undefined;
    },
    300_000,
  );
  assert.equal(
    after.delivered + after.lostBefore + after.dropped,
    refused,
    'every refusal is delivered or counted as lost, once',
  );
  if (after.dropped === 0) assert.equal(after.lost, after.lostBefore, 'the client was told of each loss');
  return {
    refused,
    delivered: after.delivered,
    lostBefore: after.lostBefore,
    lostBehind: after.dropped,
    seconds: (after.atMs - start) / 1000,
  };
}

scenario('bench-stream', { onlyByName: true, prepare, timeoutMs: 900_000 }, async (lab) => {
  const container = await runContainer(lab, {
    name: 'flood',
    image: 'ubuntu',
    mounts: [{ source: programs(defaultCacheDir()), target: '/bench', readOnly: true }],
    labels: {
      'io.kubernetes.pod.namespace': 'bench',
      'io.kubernetes.pod.name': 'flood-pod',
      'io.kubernetes.container.name': 'flood',
      app: 'flood',
    },
  });
  const node = await AgentNode.start(lab);
  await node.enforce(lab, [
    {
      kind: 'KubeArmorPolicy',
      metadata: { name: POLICY, namespace: 'bench' },
      spec: {
        selector: { matchLabels: { app: 'flood' } },
        file: { matchPaths: [{ path: '/secret.txt' }] },
        action: 'Block',
        severity: 5,
      },
    },
  ]);
  const atRest = await memoryNow(node.pid);
  for (const tries of TRIES)
    await lab.case(`${tries} refusals in a container are delivered or counted`, async () => {
      const told = await flood(lab, node, tries, (argv) => container.exec(argv, { timeoutMs: 300_000 }));
      const figure: StreamFigure = {
        kernel: lab.kernel,
        ...told,
        memory: { atRest, afterwards: await memoryNow(node.pid) },
      };
      lab.log(`bench ${JSON.stringify(figure)}`);
    });
});
