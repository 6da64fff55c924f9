import { run } from './run.ts';
import type { Tally } from './tally.ts';

/** A command that either holds or prints what does not: types, lint, generated files. Counts as one test. */
export async function checkStage(name: string, command: string, args: readonly string[]): Promise<Tally> {
  const { code, output } = await run(command, args);
  if (code === 0) return { passed: 1, failed: [], skipped: [] };
  console.log(output);
  return { passed: 0, failed: [`${name}: exit ${code}`], skipped: [] };
}
