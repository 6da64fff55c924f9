import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { conditions, loadNow, machineName } from './conditions.ts';
import type { Section } from './section.ts';

const root = join(import.meta.dirname, '../..');

/** The bench of the plan room, in a process of its own: the first compilation is to meet cold code. */
export const planSection: Section = ({ corpus, log }) => {
  log('plan');
  const load = loadNow();
  const argv = [
    '--conditions=ka-source',
    'libs/domain/plan/src/plan.bench.ts',
    ...(corpus === undefined ? [] : [corpus]),
  ];
  const printed = execFileSync(process.execPath, argv, { cwd: root, encoding: 'utf8', maxBuffer: 16 << 20 });
  return Promise.resolve([printed.trim(), conditions(machineName(), `load ${load}`)].join('\n\n'));
};
