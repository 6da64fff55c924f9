import { run } from './run.ts';
import type { Tally } from './tally.ts';

/** What a check ends with that cannot be made on this machine; its last line says why. */
const SKIPPED = 77;

/** A command that either holds or prints what does not: types, lint, generated files. Counts as one test. */
export async function checkStage(name: string, command: string, args: readonly string[]): Promise<Tally> {
  const { code, output } = await run(command, args);
  if (code === 0) return { passed: 1, failed: [], skipped: [] };
  if (code === SKIPPED) {
    const reason = output.trim().split('\n').at(-1) ?? '';
    return { passed: 0, failed: [], skipped: [{ name, reason }] };
  }
  console.log(output);
  return { passed: 0, failed: [`${name}: exit ${code}`], skipped: [] };
}
