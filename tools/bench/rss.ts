import { conditions, machineName } from './conditions.ts';
import { guestStream } from './guest-stream.ts';
import { table } from './markdown-table.ts';
import { build } from './native-agent.ts';
import { runStream } from './native-stream.ts';
import type { Section } from './section.ts';

const mib = (kib: number): string => (kib / 1024).toFixed(0);

/** Rules in the host's policy, and records that then come at once. */
const RUNS: readonly (readonly [rules: number, records: number, rate: number])[] = [
  [10, 50_000, 5000],
  [10, 300_000, 0],
  [1000, 300_000, 0],
];

export const rssSection: Section = async (options) => {
  build();
  const native: (string | number)[][] = [];
  for (const [rules, records, rate] of RUNS) {
    options.log(`rss: ${rules} rules, ${records} records`);
    const { atRest, afterwards } = await runStream(records, rate, rules);
    const load =
      rate === 0
        ? `${records.toLocaleString('en-US')}, as fast as read`
        : `${records.toLocaleString('en-US')} at ${rate.toLocaleString('en-US')} a second`;
    native.push([rules, load, mib(atRest.rssKiB), mib(afterwards.rssKiB), mib(afterwards.highestKiB)]);
  }
  const guest = (await guestStream(options)).map(({ kernel, refused, memory: { atRest, afterwards } }) => [
    kernel,
    refused,
    mib(atRest.agentKiB),
    mib(afterwards.agentKiB),
    (atRest.enforcerKiB / 1024).toFixed(1),
    (afterwards.enforcerKiB / 1024).toFixed(1),
    (afterwards.mapsKiB / 1024).toFixed(1),
  ]);
  return [
    'Agent on the machine itself, in MiB (target at rest and after: 110):',
    table(['rules', 'records', 'at rest', 'after', 'highest'], native),
    'Agent and enforcer in a guest, in MiB, before and after a container’s flood (enforcer’s target: 10 beside its maps):',
    table(
      [
        'kernel',
        'refusals',
        'agent at rest',
        'agent after',
        'enforcer at rest',
        'enforcer after',
        'its maps',
      ],
      guest,
    ),
    conditions(machineName()),
  ].join('\n\n');
};
