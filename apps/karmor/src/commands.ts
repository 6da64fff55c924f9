import type { Command } from 'commander';
import { registerExplain } from './commands/explain.ts';
import { registerLint } from './commands/lint.ts';
import { registerLogs } from './commands/logs.ts';
import { registerSummary } from './commands/summary.ts';

/** All commands, in the order of `--help`. */
export const commands: readonly ((program: Command) => void)[] = [
  registerExplain,
  registerLint,
  registerLogs,
  registerSummary,
];
