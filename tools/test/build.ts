import { checkStage } from './check.ts';
import { add, type Tally } from './tally.ts';

/** The apps' bundles, and the kernel objects with the enforcer: what the lab runs is what would ship. */
export async function buildStage(): Promise<Tally> {
  const bundles = await checkStage('bundles', 'node', ['tools/bundle.ts']);
  return add(bundles, await checkStage('kernel objects and enforcer', 'make', ['-s', '-C', 'bpf']));
}
