import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootLab, defaultCacheDir, type CaseResult, type GuestEvent } from '../../e2e/lab/index.ts';
import { GRPC_PORT } from '../../e2e/node/agent-node.ts';

/** Where the demo's node runs: a guest of the kernel lab, or this machine itself. */
export interface DemoMachine {
  readonly name: string;
  /** The agent's LogService, as the relay reaches it. */
  readonly agentAddress: string;
  run(scenario: string): Promise<readonly CaseResult[]>;
  stop(): Promise<void>;
}

const MODULE = join(import.meta.dirname, '../../e2e/demo/demo.e2e.ts');

const showLog =
  (say: (line: string) => void) =>
  (event: GuestEvent): void => {
    if (event.event === 'log') say(event.line);
  };

export async function bootGuest(kernel: string, say: (line: string) => void): Promise<DemoMachine> {
  const lab = await bootLab({ kernel, forward: [GRPC_PORT], onEvent: showLog(say), log: say }, [MODULE]);
  return {
    name: `a guest with Linux ${lab.release} (${lab.accel})`,
    agentAddress: `127.0.0.1:${lab.forwarded.get(GRPC_PORT)}`,
    run: (scenario) => lab.run(scenario),
    stop: () => lab.stop(),
  };
}

/** Why BPF-LSM programs cannot be attached on this machine; undefined when they can, as far as can be told before trying. */
export function hostObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root';
  let lsms: string;
  try {
    lsms = readFileSync('/sys/kernel/security/lsm', 'utf8');
  } catch {
    return 'securityfs is not mounted at /sys/kernel/security';
  }
  if (!lsms.split(',').includes('bpf')) {
    return `the kernel's active security modules are "${lsms.trim()}", without bpf: boot with lsm=${lsms.trim()},bpf`;
  }
  return undefined;
}

/** The same scenarios in this process. Containers, the agent and pinned programs are those of this machine. */
export async function useHost(say: (line: string) => void): Promise<DemoMachine> {
  const { ensureFixtureImages } = await import('../../e2e/lab/images/image-cache.ts');
  const { compileProgram } = await import('../../e2e/lab/compile-program.ts');
  const { runScenario } = await import('../../e2e/lab/guest/run-scenario.ts');
  const { registeredScenarios } = await import('../../e2e/lab/scenario.ts');
  await import(MODULE);
  const cache = defaultCacheDir();
  process.env['KA_LAB_IMAGES'] = await ensureFixtureImages(cache);
  const ptyProgram = await compileProgram(join(import.meta.dirname, '../../e2e/lab/guest/pty-run.c'), cache, [
    '-static',
  ]);
  return {
    name: 'this machine',
    agentAddress: `127.0.0.1:${GRPC_PORT}`,
    run: async (name) => {
      const scenario = registeredScenarios().find((one) => one.name === name);
      if (scenario === undefined) throw new Error(`no scenario is called "${name}"`);
      return await runScenario(scenario, { kernel: 'host', ptyProgram, emit: showLog(say) });
    },
    stop: () => Promise.resolve(),
  };
}
