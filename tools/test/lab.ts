import { discoverScenarios, runSuite, type SuiteReport } from '../../e2e/lab/index.ts';
import { add, nothing, type Tally } from './tally.ts';

export function readSuite(report: SuiteReport): Tally {
  const failed: string[] = [];
  const skipped: { name: string; reason: string }[] = [];
  let passed = 0;
  for (const { scenario, name, status, reason } of report.results) {
    const title = `lab ${report.kernel}: ${scenario}: ${name}`;
    if (status === 'passed') passed += 1;
    else if (status === 'skipped' && reason !== undefined && reason !== '')
      skipped.push({ name: title, reason });
    else failed.push(reason === undefined ? title : `${title}: ${reason}`);
  }
  if (report.failure !== undefined) {
    failed.push(
      `lab ${report.kernel}: ${report.failure.message}${report.consoleFile === undefined ? '' : ` (console: ${report.consoleFile})`}`,
    );
  }
  return { passed, failed, skipped };
}

/**
 * Suites that have not yet been seen green on both kernels, with what is known of each. They run by name
 * (`npm run lab -- --kernel 6.12 --scenario NAME`) and stand in the final count as skipped until they are.
 */
const UNPROVEN: Readonly<Record<string, string>> = {
  enforcer:
    'passed on both kernels by itself; beside another guest the emulator once lost one while an old build was detached',
  'evasion-block':
    'no attack gets round on 6.12; its alert checks and 6.1 have not been rerun since the last fixes',
  'evasion-block-host': 'no attack gets round on 6.12; not yet run on 6.1',
  'evasion-block-volume': 'not rerun since the last fixes, not yet run on 6.1',
  'evasion-allow-files': 'no attack gets round on 6.12; not yet run on 6.1',
  'evasion-allow-programs':
    'no attack gets round on 6.12, and alerts of attacks on copies name the copy; not yet run on 6.1',
  'evasion-tamper': 'passed on 6.12, not yet run on 6.1',
  'evasion-control': 'passed on 6.12, not yet run on 6.1',
  restarts:
    'no attack succeeds on 6.12; events in flight when the agent itself is killed do not add up exactly',
  'atomic-updates':
    'no open succeeds in 49,956 tries on 6.12; its own polling of the agent failed, not rerun since mended',
  'bad-input': 'two of its cases have not been rerun since mended',
  'bad-frames': 'passed on 6.12, not yet run on 6.1',
};

const seconds = (ms: number): string => (ms / 1000).toFixed(0);

/** Every scenario on every kernel given, the kernels side by side. */
export async function labStage(kernels: readonly string[]): Promise<Tally> {
  const known = (await discoverScenarios()).filter((one) => one.options.onlyByName !== true);
  const gone = Object.keys(UNPROVEN).filter((name) => !known.some((one) => one.name === name));
  if (gone.length > 0)
    throw new Error(`tools/test/lab.ts holds back suites that do not exist: ${gone.join(', ')}`);
  const scenarios = known.filter((one) => !(one.name in UNPROVEN));
  const unproven = kernels.flatMap((kernel) =>
    Object.entries(UNPROVEN).map(([name, reason]) => ({
      name: `lab ${kernel}: ${name}: the whole suite`,
      reason,
    })),
  );
  const began = Date.now();
  const reports = await Promise.all(
    kernels.map((kernel) =>
      runSuite(
        {
          kernel,
          onEvent: (event) => {
            if (event.event !== 'scenario-end') return;
            const { scenario, ms } = event;
            console.log(
              `  lab ${kernel}: ${scenario} took ${seconds(ms)} s, at ${seconds(Date.now() - began)} s`,
            );
          },
        },
        scenarios,
      ),
    ),
  );
  return reports.map(readSuite).reduce(add, { ...nothing, skipped: unproven });
}
