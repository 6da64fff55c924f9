import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { conditions, loadNow, machineName } from './conditions.ts';
import { table } from './markdown-table.ts';
import type { AgentsOrder } from './relay/agents.ts';
import { collectorRun } from './relay/collector.ts';
import { fanIn, toOtlp, toSubscribers } from './relay/runs.ts';
import type { RelayRun } from './relay/runs.ts';
import type { Section } from './section.ts';

const root = join(import.meta.dirname, '../..');

const flood: AgentsOrder = { agents: 100, total: 4_000_000, are: 'flooding', perSecond: 0, packing: 'zstd' };

type Row = readonly [path: string, target: string, run: () => Promise<RelayRun>];

/** For a share of the alerts and the same figures sooner: 0.1. */
const scale = Number(process.env['KA_BENCH_SCALE'] ?? 1);
const some = (total: number): number => Math.ceil(total * scale);

const rows: readonly Row[] = [
  [
    'packed batches of 100 agents into the journal',
    '200,000 a second',
    () => fanIn({ ...flood, total: some(4_000_000) }),
  ],
  ['the same, not packed', '', () => fanIn({ ...flood, packing: 'plain', total: some(400_000) })],
  [
    'on to an OTLP receiver, not compressed',
    '50,000 a second',
    () => toOtlp({ ...flood, total: some(400_000), compression: 'none' }),
  ],
  ['on to an OTLP receiver, gzip', '', () => toOtlp({ ...flood, total: some(200_000), compression: 'gzip' })],
  [
    '40,000 offered a second, to one client of LogService',
    '40,000 a second',
    () => toSubscribers({ ...flood, total: some(400_000), perSecond: 40_000 }, 1),
  ],
  [
    '20,000 offered a second, to four of them',
    '',
    () => toSubscribers({ ...flood, total: some(200_000), perSecond: 20_000 }, 4),
  ],
  [
    '5,000 offered a second, agent to OTLP receiver',
    'p99 250 ms',
    () => toOtlp({ ...flood, are: 'real', total: some(100_000), perSecond: 5000, compression: 'none' }),
  ],
];

function cells(path: string, target: string, run: RelayRun): (string | number)[] {
  return [
    path,
    target,
    run.perSecond,
    run.cpuUsEach.toFixed(run.cpuUsEach < 10 ? 2 : 0),
    Math.round(run.bytesEach),
    run.highestMiB,
    run.p50Ms ?? '',
    run.p99Ms ?? '',
    run.dropped ?? '',
  ];
}

/** The journal's own bench, in a process of its own. */
function journalRow(): readonly (string | number)[] {
  const file = 'libs/adapter/journal/src/append.bench.ts';
  const printed = execFileSync(process.execPath, ['--conditions=ka-source', file], {
    cwd: root,
    encoding: 'utf8',
  });
  const row = JSON.parse(printed.slice(printed.indexOf('{'))) as Readonly<Record<string, number>>;
  const names = ['bytesEach', 'perSecond', 'cpuUsEach', 'syncs', 'answerMsP50', 'answerMsP99'];
  return names.map((name) => row[name] ?? '');
}

/** The relay's bundle in a process of its own, the agents in another, the receiver in a third. */
export const relaySection: Section = async ({ log }) => {
  const load = loadNow();
  execFileSync(process.execPath, ['tools/bundle.ts', 'relay'], { cwd: root, stdio: 'ignore' });
  log('relay: journal');
  const journal = journalRow();
  const measured: (string | number)[][] = [];
  for (const [path, target, run] of rows) {
    log(`relay: ${path}`);
    measured.push(cells(path, target, await run()));
  }
  log('relay: the yardstick');
  const collector = await collectorRun(some(400_000), log);
  return [
    '### The relay',
    table(
      [
        'path',
        'target',
        'alerts a second',
        'CPU µs each',
        'bytes each',
        'MiB, highest',
        'ms p50',
        'p99',
        'dropped',
      ],
      measured,
    ),
    '### The yardstick: an OpenTelemetry Collector, OTLP over gRPC from 100 clients, batches, a file of protobuf',
    collector === undefined
      ? 'Not measured: it could not be built here.'
      : table(
          ['records a second', 'CPU µs each', 'MiB, highest'],
          [[collector.perSecond, collector.cpuUsEach.toFixed(1), collector.highestMiB]],
        ),
    '### The journal alone: 100 writers, plain batches of 256 alerts, each answered after its sync',
    table(['bytes each', 'alerts a second', 'CPU µs each', 'syncs', 'answer ms p50', 'p99'], [journal]),
    conditions(machineName(), `load ${load} at the start, ${loadNow()} at the end`),
  ].join('\n\n');
};
