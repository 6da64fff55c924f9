import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { conditions, loadNow, machineName } from './conditions.ts';
import { table } from './markdown-table.ts';
import type { Section } from './section.ts';

const root = join(import.meta.dirname, '../..');

type Row = Readonly<Record<string, string | number>>;

function measured(file: string): readonly Row[] {
  const printed = execFileSync(process.execPath, ['--conditions=ka-source', file], {
    cwd: root,
    encoding: 'utf8',
  });
  return printed
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Row);
}

const cells = (row: Row | undefined, names: readonly string[]): (string | number)[] =>
  names.map((name) => row?.[name] ?? '');

/** The benches of journal and relay, each with the agents in a process of their own. */
export const relaySection: Section = ({ log }) => {
  const load = loadNow();
  log('relay, journal');
  const [append] = measured('libs/adapter/journal/src/append.bench.ts');
  log('relay, 100 agents');
  const relay = measured('apps/relay/src/relay.bench.ts');
  const names: Readonly<Record<string, string>> = {
    'relay-fan-in-journal': 'batches of 100 agents into the journal on disk',
    'relay-fan-in-sink': 'the same, and on to a sink',
    'relay-latency': '5,000 offered a second, agent to sink',
  };
  const text = [
    '### The journal alone: 100 writers, batches of 256 alerts, each answered after its sync',
    table(
      ['bytes each', 'alerts a second', 'CPU µs each', 'syncs', 'answer ms p50', 'p99'],
      [cells(append, ['bytesEach', 'perSecond', 'cpuUsEach', 'syncs', 'answerMsP50', 'answerMsP99'])],
    ),
    '### The relay, over loopback',
    table(
      ['path', 'alerts a second', 'relay CPU µs each', 'relay RSS MiB', 'ms p50', 'p99', 'missed'],
      relay.map((row) => [
        names[String(row['bench'])] ?? '',
        ...cells(row, ['perSecond', 'relayCpuUsEach', 'relayRssMiB', 'p50Ms', 'p99Ms', 'missed']),
      ]),
    ),
    conditions(machineName(), `load ${load} at the start`),
  ];
  return Promise.resolve(text.join('\n\n'));
};
