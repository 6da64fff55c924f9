import { parseArgs } from 'node:util';
import { rm } from 'node:fs/promises';
import { runShell } from './boot-lab.ts';
import type { LabSettings } from './guest-machine.ts';
import { discoverScenarios } from './discover.ts';
import { LabError } from './errors.ts';
import { KERNELS } from './kernel-table.ts';
import type { CaseResult } from './protocol.ts';
import { runSuite } from './run-suite.ts';
import { selfTest } from './self-test.ts';

const USAGE = `usage: npm run lab -- [--kernel 6.12[,6.1]] (--scenario NAME[,NAME]|all | --shell-cmd CMD | --self-test | --list)

  --scenario NAME     run these scenarios in one guest; "all" runs every one that is not marked "only by name"
  --shell-cmd CMD     boot, run CMD with /bin/sh in the checkout's folder, exit with its code
  --self-test         check that scenarios which must fail do fail: a hang, a panic, a kernel warning
  --list              the scenarios there are
  --kernel NAME       default 6.12; several (comma list) run one after the other
  --icount            count guest instructions (one vCPU, repeatable)
  --time-limit SEC    for --shell-cmd, default 300
  --memory MIB, --cpus N
  --keep-console      print the guest's console as it comes and keep its log file
  --json              one JSON object per case`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kernel: { type: 'string', default: '6.12' },
      scenario: { type: 'string', multiple: true },
      'shell-cmd': { type: 'string' },
      list: { type: 'boolean', default: false },
      icount: { type: 'boolean', default: false },
      'time-limit': { type: 'string', default: '300' },
      memory: { type: 'string', default: '3072' },
      cpus: { type: 'string', default: '2' },
      'keep-console': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      'self-test': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const kernels = values.kernel.split(',');
  const unknown = kernels.find((name) => !KERNELS.some((kernel) => kernel.name === name));
  if (unknown !== undefined)
    return misuse(`no kernel is called "${unknown}"; there are ${KERNELS.map((k) => k.name).join(', ')}`);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [memoryMiB, cpus, limitSec] = [values.memory, values.cpus, values['time-limit']].map(Number);
  if (![memoryMiB, cpus, limitSec].every((n) => n !== undefined && Number.isInteger(n) && n > 0))
    return misuse('--memory, --cpus and --time-limit take whole numbers above 0');
  const settings = (kernel: string): LabSettings => ({
    kernel,
    memoryMiB: memoryMiB!,
    cpus: cpus!,
    icount: values.icount,
    log: (line) => console.error(line),
    ...(values['keep-console'] ? { onConsole: (line: string) => console.error(`console: ${line}`) } : {}),
  });
  const shell = values['shell-cmd'];
  if (shell !== undefined) {
    let last = 0;
    for (const kernel of kernels) {
      const outcome = await runShell(
        { ...settings(kernel), onOutput: (text) => process.stdout.write(text) },
        shell,
        limitSec! * 1000,
      );
      if (!values['keep-console']) await rm(outcome.consoleFile, { force: true });
      last = last === 0 ? outcome.code : last;
    }
    return last;
  }
  if (values['self-test']) {
    let allOk = true;
    for (const kernel of kernels) {
      for (const result of await selfTest(settings(kernel))) {
        console.log(`${result.ok ? 'passed' : 'failed'}  ${kernel} ${result.name} ends in: ${result.saw}`);
        allOk &&= result.ok;
      }
    }
    return allOk ? 0 : 1;
  }
  const known = await discoverScenarios();
  if (values.list) {
    for (const one of known)
      console.log(one.options.onlyByName === true ? `${one.name}  (only by name)` : one.name);
    return 0;
  }
  const wanted = (values.scenario ?? []).flatMap((list) => list.split(',')).filter((name) => name !== '');
  if (wanted.length === 0) return misuse(USAGE);
  // In the order of a whole run: scenarios that share a daemon for the rest of the boot come last there.
  const isWanted = (one: (typeof known)[number]): boolean =>
    wanted.includes(one.name) || (wanted.includes('all') && one.options.onlyByName !== true);
  const chosen = known.filter(isWanted);
  const missing = wanted.find((name) => name !== 'all' && !known.some((one) => one.name === name));
  if (missing !== undefined) return misuse(`no scenario is called "${missing}"; --list shows them all`);

  const counts = { passed: 0, failed: 0, skipped: 0 };
  let broken = false;
  for (const kernel of kernels) {
    const told = new Set<CaseResult>();
    const tell = (result: CaseResult): void => {
      if (told.has(result)) return;
      told.add(result);
      if (values.json) console.log(JSON.stringify({ kernel, ...result }));
      else
        console.log(
          `${result.status.padEnd(7)} ${kernel} ${result.scenario}: ${result.name} (${result.ms} ms)${result.reason === undefined ? '' : `\n        ${result.reason.replaceAll('\n', '\n        ')}`}`,
        );
    };
    const report = await runSuite(
      {
        ...settings(kernel),
        onOutput: (text) => process.stderr.write(text),
        onEvent: (event) => {
          if (event.event === 'log') console.error(`  ${event.line}`);
          if (event.event === 'case') tell(event.result);
        },
      },
      chosen,
    );
    for (const result of report.results) {
      counts[result.status] += 1;
      tell(result);
    }
    if (report.failure !== undefined) {
      broken = true;
      printFailure(report.failure);
    }
    if (report.consoleFile !== undefined) {
      if (values['keep-console'] || report.failure !== undefined)
        console.error(`console log: ${report.consoleFile}`);
      else await rm(report.consoleFile, { force: true });
    }
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  return broken || counts.failed > 0 ? 1 : 0;
}

function misuse(message: string): number {
  console.error(message);
  return 2;
}

function printFailure(error: LabError): void {
  console.error(`${error.code}: ${error.message}`);
  if (error.consoleTail !== undefined)
    console.error(`--- the guest's console, last lines ---\n${error.consoleTail}\n---`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));
try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof LabError) printFailure(error);
  else console.error(error instanceof Error ? error.message : error);
  process.exitCode = 3;
}
