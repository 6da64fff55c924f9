import { run } from './run.ts';
import type { Tally } from './tally.ts';

/** Reads Test Anything Protocol lines, as the C unit tests print them; a plan line that does not add up is a failure. */
export function parseTap(suite: string, text: string): Tally {
  let passed = 0;
  let planned: number | undefined;
  const failed: string[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const line of text.split('\n')) {
    const plan = /^1\.\.(\d+)/.exec(line);
    if (plan) planned = (planned ?? 0) + Number(plan[1]);
    const result = /^(not )?ok\b\s*\d*\s*-?\s*(.*)$/.exec(line);
    if (!result) continue;
    const [name = '', directive] = (result[2] ?? '').split(/\s+#\s*SKIP\s*/i);
    if (directive !== undefined) skipped.push({ name: `${suite}: ${name}`, reason: directive });
    else if (result[1] !== undefined) failed.push(`${suite}: ${name}`);
    else passed += 1;
  }
  const seen = passed + failed.length + skipped.length;
  if (planned === undefined) failed.push(`${suite}: printed no plan line`);
  else if (planned !== seen) failed.push(`${suite}: planned ${planned} tests, reported ${seen}`);
  return { passed, failed, skipped };
}

/** Runs a command that prints TAP. */
export async function tapStage(suite: string, command: string, args: readonly string[]): Promise<Tally> {
  const { code, output } = await run(command, args);
  const tally = parseTap(suite, output);
  if (code !== 0 && tally.failed.length === 0)
    return { ...tally, failed: [`${suite}: exit ${code}: ${output.slice(-2000)}`] };
  if (tally.failed.length > 0) console.log(output);
  return tally;
}
