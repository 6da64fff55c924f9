import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Service } from '@kubearmor-ts/life';
import type { AgentConfig } from './config.ts';

/** With `gRPC: 0` the port taken is written where existing tools look for it: kubearmor.pid beside the policies. */
export function writePortFile(config: AgentConfig, port: () => number): Service {
  const path = join(dirname(config.policyDir), 'kubearmor.pid');
  const isNeeded = config.grpc === 0;
  return {
    name: `port file ${path}`,
    start: async () => {
      if (isNeeded) await writeFile(path, String(port()), { mode: 0o644 });
    },
    stop: async () => {
      if (isNeeded) await rm(path, { force: true });
    },
  };
}
