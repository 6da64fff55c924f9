import type { Command } from 'commander';
import { registerLint } from './commands/lint.ts';

/** All commands, in the order of `--help`. */
export const commands: readonly ((program: Command) => void)[] = [
  registerLint,
];
