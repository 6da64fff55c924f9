import { discoverScenarios, runSuite } from '../../e2e/lab/index.ts';

export interface LabRun {
  readonly kernel: string;
  readonly icount?: boolean;
  readonly log: (line: string) => void;
}

/** A module defines its scenarios once in a process. */
let known: ReturnType<typeof discoverScenarios> | undefined;

/** Boots a guest, runs one scenario that is left out of the tests, and gives what it told in lines `bench {json}`. */
export async function labFigures<T>(
  scenario: string,
  { kernel, icount = false, log }: LabRun,
): Promise<readonly T[]> {
  known ??= discoverScenarios();
  const chosen = (await known).filter(({ name }) => name === scenario);
  if (chosen.length !== 1) throw new Error(`no scenario is called ${scenario}`);
  const figures: T[] = [];
  log(`${scenario} on ${kernel}${icount ? ', counting instructions' : ''}`);
  const report = await runSuite(
    {
      kernel,
      icount,
      // One emulated processor, on a machine that may be busy.
      bootTimeoutMs: 900_000,
      graceMs: 1_800_000,
      onEvent: (event) => {
        if (event.event === 'case') log(`  ${event.result.status} ${event.result.name}`);
        if (event.event !== 'log') return;
        if (event.line.startsWith('bench ')) figures.push(JSON.parse(event.line.slice(6)) as T);
        else log(`  ${event.line}`);
      },
    },
    chosen,
  );
  const failed = report.results.filter(({ status }) => status !== 'passed');
  if (report.failure !== undefined || failed.length > 0)
    throw new Error(
      `${scenario} on ${kernel}: ${report.failure?.message ?? failed.map(({ name, reason }) => `${name}: ${reason}`).join('; ')}`,
    );
  return figures;
}
