import type { Command } from 'commander';

interface LintFlags {
  readonly json?: true;
  readonly strict?: true;
  readonly lenient?: true;
}

export function registerLint(program: Command): void {
  program
    .command('lint')
    .summary('check policy files')
    .description(
      'Check policies as the API server and the agents do, and point out what does not mean what it looks like',
    )
    .argument('<file|dir...>', 'YAML or JSON files, directories of them, or - for standard input')
    .option('--json', 'print one JSON document')
    .option('--strict', 'exit with 1 on warnings too')
    .option('--lenient', 'check like an agent that gets the file without an API server')
    .addHelpText('after', '\nExit codes: 0 no errors, 1 errors (with --strict: or warnings), 2 wrong usage')
    .action(async (paths: readonly string[], flags: LintFlags) => {
      const { lintFiles } = await import('../lint/lint-files.ts');
      const { lintJson, lintText } = await import('../lint/print-report.ts');
      const report = await lintFiles(paths, flags.lenient ? 'lenient' : 'crd');
      process.stdout.write(flags.json ? lintJson(report) : lintText(report));
      const { errors, warnings } = report.summary;
      process.exitCode = errors > 0 || (flags.strict && warnings > 0) ? 1 : 0;
    });
}
