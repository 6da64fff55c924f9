import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kernelSection } from './bench/kernel.ts';
import { writeSection } from './bench/numbers-file.ts';
import { planSection } from './bench/plan.ts';
import { relaySection } from './bench/relay.ts';
import { rssSection } from './bench/rss.ts';
import type { BenchOptions, Section } from './bench/section.ts';
import { streamSection } from './bench/stream.ts';

/*
 * Figures, never verdicts: nothing here fails because something was slow. Every section prints its markdown; `--write`
 * puts it into docs/numbers.md too.
 */

const USAGE = `usage: npm run bench -- [SECTION…] [--write] [--corpus DIR] [--kernel 6.12[,6.1]]

  kernel   instructions that a check adds to opening a file and to running a program (boots emulated guests; minutes)
  plan     time to compile a plan, and its size
  stream   events each second from the kernel's ring to a gRPC client, and what was lost on the way
  relay    events each second from 100 agents into the relay's journal and on to a sink, and how long they take
  rss      memory of the agent and the enforcer

  --corpus DIR   also measure all policies below DIR merged into one workload
  --kernel LIST  guests of the sections that boot one; default 6.12,6.1
  --write        rewrite these sections of docs/numbers.md`;

const sections: Readonly<Record<string, Section>> = {
  kernel: kernelSection,
  plan: planSection,
  stream: streamSection,
  relay: relaySection,
  rss: rssSection,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: 'boolean', default: false },
    corpus: { type: 'string' },
    kernel: { type: 'string', default: '6.12,6.1' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const unknown = positionals.find((name) => !(name in sections));
if (values.help || unknown !== undefined) {
  if (unknown !== undefined) console.error(`there is no section "${unknown}"`);
  console.error(USAGE);
  process.exit(values.help ? 0 : 2);
}

// Guests and servers that a section started end with this process only if it ends by itself.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const options: BenchOptions = {
  kernels: values.kernel.split(','),
  log: (line) => console.error(line),
  ...(values.corpus === undefined ? {} : { corpus: values.corpus }),
};
for (const [name, section] of Object.entries(sections)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const text = await section(options);
  console.log(`## ${name}\n\n${text}\n`);
  if (!values.write) continue;
  const root = join(import.meta.dirname, '..');
  const file = join(root, 'docs/numbers.md');
  writeSection(file, name, text);
  // Cells of several sources: one formatter for the whole file.
  execFileSync(
    process.execPath,
    ['node_modules/prettier/bin/prettier.cjs', '--write', '--log-level=warn', file],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
}
process.exit(0);
