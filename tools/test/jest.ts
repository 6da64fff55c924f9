import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKubernetes } from '../kubernetes.ts';
import { run } from './run.ts';
import type { Tally } from './tally.ts';

interface JestReport {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** A skipped spec names its reason in the title: `… (skipped: no Go toolchain)`. */
const reasonIn = (title: string): string | undefined => /\(skipped: ([^)]+)\)/.exec(title)?.[1];

export function readJestReport(report: JestReport): Tally {
  const failed: string[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const file of report.testResults) {
    if (file.status === 'failed' && file.assertionResults.every((a) => a.status !== 'failed'))
      failed.push(`${file.name}: ${file.message.slice(0, 2000)}`);
    for (const assertion of file.assertionResults) {
      if (assertion.status === 'failed') failed.push(`${file.name}: ${assertion.fullName}`);
      if (['pending', 'skipped', 'todo', 'disabled'].includes(assertion.status)) {
        const reason = reasonIn(assertion.fullName);
        if (reason === undefined)
          failed.push(`${file.name}: ${assertion.fullName}: skipped without a reason`);
        else skipped.push({ name: assertion.fullName, reason });
      }
    }
  }
  return { passed: report.numPassedTests, failed, skipped };
}

/** Runs every spec of the repository in one jest process. */
export async function jestStage(): Promise<Tally> {
  // Built before any test's time runs; specs that find none say so themselves.
  const kubernetes = await findKubernetes();
  if ('missing' in kubernetes) console.log(kubernetes.missing);
  const file = join(await mkdtemp(join(tmpdir(), 'ka-jest-')), 'report.json');
  const { code, output } = await run('node', [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--json',
    `--outputFile=${file}`,
    '--silent',
  ]);
  const report = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as JestReport,
    () => undefined,
  );
  if (report === undefined)
    return {
      passed: 0,
      failed: [`jest wrote no report (exit ${code}): ${output.slice(-4000)}`],
      skipped: [],
    };
  const tally = readJestReport(report);
  if (tally.failed.length > 0) console.log(output);
  return tally;
}
