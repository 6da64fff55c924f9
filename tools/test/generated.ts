import { readdirSync } from 'node:fs';
import { checkStage } from './check.ts';
import { add, nothing, type Tally } from './tally.ts';

/** Committed generated files equal what their generators write today. */
export async function generatedStage(): Promise<Tally> {
  let total = nothing;
  for (const tool of readdirSync('tools').filter((name) => /^gen-.*\.ts$/.test(name))) {
    total = add(
      total,
      await checkStage(`${tool} --check`, 'node', ['--conditions=ka-source', `tools/${tool}`, '--check']),
    );
  }
  return total;
}
