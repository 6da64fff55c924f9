import { discoverScenarios } from './discover.ts';
import type { LabSettings } from './guest-machine.ts';
import { runSuite } from './run-suite.ts';

export interface SelfTestResult {
  readonly name: string;
  readonly ok: boolean;
  readonly saw: string;
}

/** Broken scenario → the lab's own error, or `cases` when only its cases fail. */
const EXPECTED: Readonly<Record<string, string>> = {
  'lab-failing': 'cases',
  'lab-empty': 'cases',
  'lab-throwing': 'cases',
  'lab-slow': 'cases',
  'lab-warning': 'KA_LAB_KERNEL_COMPLAINT',
  'lab-panic': 'KA_LAB_PANIC',
  'lab-hang': 'KA_LAB_HANG',
};

/** Proves that the lab cannot pass what is broken: each scenario must fail, in the way it should. */
export async function selfTest(settings: LabSettings): Promise<readonly SelfTestResult[]> {
  const known = await discoverScenarios();
  const results: SelfTestResult[] = [];
  const judge = async (names: readonly string[]): Promise<void> => {
    const chosen = known.filter((one) => names.includes(one.name));
    const report = await runSuite({ ...settings, graceMs: 5_000 }, chosen);
    for (const name of names) {
      const failed = report.results.some((result) => result.scenario === name && result.status === 'failed');
      const saw = report.failure?.code ?? (failed ? 'cases' : 'no failure');
      const hasConsole = report.failure === undefined || (report.failure.consoleTail ?? '') !== '';
      results.push({ name, ok: saw === EXPECTED[name] && hasConsole, saw });
    }
  };
  const names = Object.keys(EXPECTED);
  await judge(names.filter((name) => EXPECTED[name] === 'cases'));
  // What loses the guest needs one of its own.
  for (const name of names.filter((one) => EXPECTED[one] !== 'cases')) await judge([name]);
  return results;
}
