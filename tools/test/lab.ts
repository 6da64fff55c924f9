import { discoverScenarios, prepareSuite, runSuite, type SuiteReport } from '../../e2e/lab/index.ts';
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

const seconds = (ms: number): string => (ms / 1000).toFixed(0);

/** Every scenario on every kernel given, the kernels side by side. */
export async function labStage(kernels: readonly string[]): Promise<Tally> {
  const scenarios = (await discoverScenarios()).filter((one) => one.options.onlyByName !== true);
  await prepareSuite(scenarios);
  const began = Date.now();
  const reports = await Promise.all(
    kernels.map((kernel) =>
      runSuite(
        {
          kernel,
          onEvent: (event) => {
            if (event.event === 'case' && event.result.status === 'failed')
              console.log(`  lab ${kernel}: ${event.result.scenario}: ${event.result.name} failed`);
            if (event.event !== 'scenario-end') return;
            const { scenario, ms } = event;
            console.log(
              `  lab ${kernel}: ${scenario} took ${seconds(ms)} s, at ${seconds(Date.now() - began)} s`,
            );
          },
        },
        scenarios,
        true,
      ),
    ),
  );
  return reports.map(readSuite).reduce(add, nothing);
}
