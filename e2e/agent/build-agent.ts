import { execFile } from 'node:child_process';
import { cp, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { HostPlaces } from '../lab/scenario.ts';
import { agentPrograms } from './agent-process.ts';

/** Builds the agent and the enforcer on the host and lays them side by side, as they ship. */
export async function buildAgent({ checkout, cacheDir }: HostPlaces): Promise<void> {
  const programs = agentPrograms(cacheDir);
  await promisify(execFile)('make', ['-C', join(checkout, 'bpf'), 'enforcer']);
  await promisify(execFile)(process.execPath, [join(checkout, 'tools/bundle.ts'), 'agent']);
  await mkdir(programs, { recursive: true });
  await copyFile(join(checkout, 'bpf/.output/ka-enforcer'), join(programs, 'ka-enforcer'));
  await copyFile(join(checkout, 'dist/agent.mjs'), join(programs, 'agent.mjs'));
  await cp(join(checkout, 'dist/proto'), join(programs, 'proto'), { recursive: true });
}
