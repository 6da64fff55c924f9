import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { StreamFigure } from '../../e2e/bench/stream.e2e.ts';
import { conditions, loadNow, machineName } from './conditions.ts';
import { guestStream } from './guest-stream.ts';
import { table } from './markdown-table.ts';
import { build } from './native-agent.ts';
import { runStream, type StreamRun } from './native-stream.ts';
import type { Section } from './section.ts';

const root = join(import.meta.dirname, '../..');

/** Records a second, 0 for as fast as they are read, and how many. */
const OFFERS: readonly (readonly [rate: number, records: number])[] = [
  [1000, 10_000],
  [5000, 50_000],
  [10_000, 100_000],
  [20_000, 200_000],
  [100_000, 500_000],
  [0, 300_000],
];

const us = (total: number, by: number): string => (by === 0 ? '' : (total / by).toFixed(0));

function nativeRow(rate: number, run: StreamRun): (string | number)[] {
  return [
    rate === 0 ? 'as fast as read' : rate.toLocaleString('en-US'),
    run.produced,
    run.delivered,
    run.lostBefore,
    run.lostBehind,
    Math.round(run.delivered / run.seconds),
    Math.round((run.delivered + run.lostBehind) / run.seconds),
    us(run.agentCpuUs, run.delivered + run.lostBehind),
    us(run.clientCpuUs, run.delivered),
  ];
}

async function nativeText(log: (line: string) => void): Promise<string> {
  build();
  const rows: (string | number)[][] = [];
  for (const [rate, records] of OFFERS) {
    log(`stream, natively: ${records} records, ${rate === 0 ? 'as fast as read' : `${rate} a second`}`);
    rows.push(nativeRow(rate, await runStream(records, rate)));
  }
  const head = [
    'offered a second',
    'records',
    'delivered',
    'lost in the ring',
    'lost behind',
    'delivered a second',
    'taken a second',
    'agent µs each',
    'client µs each',
  ];
  return table(head, rows);
}

/** The bench of the stream room: one feed, several subscribers in another process. */
function fanOutText(log: (line: string) => void): string {
  log('stream, fan-out');
  const printed = execFileSync(
    process.execPath,
    ['--conditions=ka-source', 'libs/adapter/stream/src/fan-out.bench.ts'],
    { cwd: root, encoding: 'utf8' },
  );
  const lines = printed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, string | number>>);
  const rows = lines
    .filter((line) => line['bench'] === 'logservice-fan-out')
    .map((line) =>
      [
        line['subscribers'],
        line['bytes'],
        line['perSecond'],
        line['serverCpuUsPerMessage'],
        line['dropped'],
      ].map((cell) => cell ?? ''),
    );
  return table(['subscribers', 'bytes each', 'delivered a second', 'server µs each', 'dropped'], rows);
}

function guestText(figures: readonly StreamFigure[]): string {
  return table(
    ['kernel', 'refused', 'delivered', 'lost in the ring', 'lost behind', 'delivered a second'],
    figures.map((one) => [
      one.kernel,
      one.refused,
      one.delivered,
      one.lostBefore,
      one.lostBehind,
      Math.round(one.delivered / one.seconds),
    ]),
  );
}

export const streamSection: Section = async (options) => {
  const load = loadNow();
  const native = await nativeText(options.log);
  const fanOut = fanOutText(options.log);
  const guest = guestText(await guestStream(options));
  return [
    '### Natively, with a stand-in for the enforcer',
    native,
    '### One feed, no agent around it',
    fanOut,
    '### On an emulated kernel: the shipped agent, a container that tries as fast as it can',
    guest,
    conditions(machineName(), `load ${load} at the start`),
  ].join('\n\n');
};
