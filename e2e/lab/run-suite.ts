import type { KnownScenario } from './discover.ts';
import { bootLab } from './boot-lab.ts';
import type { LabSettings } from './guest-machine.ts';
import { LabError } from './errors.ts';
import type { CaseResult } from './protocol.ts';
import { CHECKOUT, defaultCacheDir } from './checkout.ts';

export interface SuiteReport {
  readonly kernel: string;
  readonly results: readonly CaseResult[];
  /** Set when the lab itself failed: a hang, a panic, a kernel complaint. The run has then failed whatever the cases say. */
  readonly failure?: LabError;
  readonly consoleFile?: string;
}

/** What the scenarios need built on the host. Two at once would write the same files. */
export async function prepareSuite(
  scenarios: readonly KnownScenario[],
  cacheDir = defaultCacheDir(),
): Promise<void> {
  const host = { checkout: CHECKOUT, cacheDir };
  for (const prepare of new Set(scenarios.map((one) => one.options.prepare))) await prepare?.(host);
}

/** One boot, these scenarios one after the other. A lost guest fails the current scenario and all that did not run. */
export async function runSuite(
  settings: LabSettings,
  scenarios: readonly KnownScenario[],
  isPrepared = false,
): Promise<SuiteReport> {
  const results: CaseResult[] = [];
  const modules = [...new Set(scenarios.map((one) => one.module))];
  let pending = [...scenarios];
  let consoleFile: string | undefined;
  let current = '';
  try {
    if (!isPrepared) await prepareSuite(scenarios, settings.cacheDir);
    const lab = await bootLab(
      {
        ...settings,
        onEvent: (event) => {
          if (event.event === 'case' && event.result.scenario === current) results.push(event.result);
          settings.onEvent?.(event);
        },
      },
      modules,
    );
    consoleFile = lab.consoleFile;
    try {
      for (const one of scenarios) {
        current = one.name;
        await lab.run(one.name);
        pending = pending.filter((other) => other !== one);
      }
    } catch (error) {
      await lab.kill();
      throw error;
    }
    await lab.stop();
  } catch (error) {
    const failure =
      error instanceof LabError
        ? error
        : new LabError(
            'KA_LAB_UNEXPECTED',
            error instanceof Error ? (error.stack ?? error.message) : String(error),
          );
    pending.forEach((one, index) => {
      const reason = index === 0 ? failure.message : `not run: ${failure.message.split('\n')[0] ?? ''}`;
      results.push({ scenario: one.name, name: '(whole scenario)', status: 'failed', reason, ms: 0 });
    });
    return {
      kernel: settings.kernel,
      results,
      failure,
      ...(consoleFile === undefined ? {} : { consoleFile }),
    };
  }
  return { kernel: settings.kernel, results, ...(consoleFile === undefined ? {} : { consoleFile }) };
}
