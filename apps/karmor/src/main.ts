#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { commands } from './commands.ts';

const usageError = 2;

const program = new Command('karmor')
  .description('Look at and check what KubeArmor policies do')
  .helpCommand('help [command]', 'show the help of a command')
  .showHelpAfterError('(karmor --help shows the commands and options)')
  .exitOverride();
for (const register of commands) register(program);

// A reader such as `head` may close the pipe early; that is not a failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : usageError;
  } else {
    process.stderr.write(`karmor: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
