import { buildStage } from './test/build.ts';
import { checkStage } from './test/check.ts';
import { generatedStage } from './test/generated.ts';
import { jestStage } from './test/jest.ts';
import { labStage } from './test/lab.ts';
import { tapStage } from './test/tap.ts';
import { add, closingLine, nothing, type Tally } from './test/tally.ts';

/**
 * The whole test run: every stage runs even when an earlier one failed, so one run shows everything, and the last
 * line says what happened. `npm test -- NAME…` runs only the stages named.
 */
const stages: Readonly<Record<string, () => Promise<Tally>>> = {
  types: () =>
    checkStage('types', 'node', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']),
  lint: () => checkStage('lint and module boundaries', 'node', ['tools/lint.ts']),
  format: () =>
    checkStage('format', 'node', [
      'node_modules/prettier/bin/prettier.cjs',
      '--check',
      '--log-level=warn',
      '.',
    ]),
  generated: generatedStage,
  jest: jestStage,
  build: buildStage,
  c: () => tapStage('C units', 'make', ['-s', '-C', 'bpf', 'unit']),
  lab: () => labStage(['6.12', '6.1']),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in stages));
if (unknown.length > 0) {
  console.error(`no such stage: ${unknown.join(', ')}; there are: ${Object.keys(stages).join(', ')}`);
  process.exit(2);
}

// A signal's own ending would leave guests and servers running: they are ended at exit.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

let total: Tally = nothing;
for (const [name, stage] of Object.entries(stages)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const startedMs = Date.now();
  const tally = await stage();
  total = add(total, tally);
  console.log(`${name}: ${closingLine(tally)} in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}

for (const { name, reason } of total.skipped) console.log(`skipped: ${name}: ${reason}`);
for (const name of total.failed) console.log(`failed: ${name}`);
console.log(closingLine(total));
process.exit(total.failed.length > 0 ? 1 : 0);
