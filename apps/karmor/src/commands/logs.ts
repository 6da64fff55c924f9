import type { TlsIdentity } from '@kubearmor-ts/tls';
import type { Command } from 'commander';

interface LogsFlags {
  readonly gRPC?: string;
  readonly msgPath: string;
  readonly logPath: string;
  readonly logFilter: 'policy' | 'system' | 'all';
  readonly json?: true;
  readonly output: 'text' | 'json' | 'pretty-json';
  readonly limit: number;
  readonly namespace?: string;
  readonly operation?: string;
  readonly logType?: string;
  readonly type?: string;
  readonly container?: string;
  readonly pod?: string;
  readonly policy?: string;
  readonly source?: string;
  readonly resource?: string;
  readonly labels?: string[];
  readonly secure?: true;
  readonly tlsCertPath: string;
  readonly tlsCertProvider: 'self' | 'external';
  readonly readCAFromSecret: string | true;
}

async function secured(flags: LogsFlags, signal: AbortSignal): Promise<TlsIdentity> {
  const { readClientIdentity } = await import('../logs/client-identity.ts');
  return readClientIdentity(flags, signal);
}

const streamsOf = { policy: ['alerts'], system: ['logs'], all: ['alerts', 'logs'] } as const;

export function registerLogs(program: Command): void {
  const command = program.command('logs').summary('watch alerts and logs');
  command
    .description('Watch the alerts and logs of an agent or a relay')
    .option('--gRPC <host:port>', 'the server; else env KUBEARMOR_SERVICE, else localhost:32767')
    .option('--secure', 'mutual TLS with the client certificate in --tlsCertPath')
    .option('--tlsCertPath <dir>', 'directory of ca.crt, client.crt and client.key', '/var/lib/kubearmor/tls')
    .addOption(
      command
        .createOption('--tlsCertProvider <who>', 'accepted; in this version both read the files')
        .choices(['self', 'external'])
        .default('self'),
    )
    .option('--readCAFromSecret [bool]', 'accepted; in this version the CA is read from ca.crt', 'true')
    .option('--msgPath <path>', 'where messages go: a file, stdout or none', 'none')
    .option('--logPath <path>', 'where alerts and logs go: a file, stdout or none', 'stdout')
    .addOption(
      command
        .createOption('--logFilter <what>', 'policy shows alerts, system shows logs')
        .choices(['policy', 'system', 'all'])
        .default('policy'),
    )
    .option('--json', 'the same as -o json')
    .addOption(
      command
        .createOption('-o, --output <form>', 'form of an event')
        .choices(['text', 'json', 'pretty-json'])
        .default('text'),
    )
    .option('-n, --namespace <regex>', 'namespace')
    .option('--operation <regex>', 'Process, File, Network …')
    .option('--logType <regex>', 'type of the event: MatchedPolicy, ContainerLog …')
    .option('--type <regex>', 'the same as --logType')
    .option('--container <regex>', 'container name')
    .option('--pod <regex>', 'pod name')
    .option('--policy <regex>', 'policy name')
    .option('--source <regex>', 'source, with its case')
    .option('--resource <regex>', 'resource, with its case')
    .option('-l, --labels <key=value...>', 'labels, any one is enough; events without labels pass')
    .option('--limit <count>', 'end after so many events, counted before the filters', parseCount, 0)
    .addHelpText(
      'after',
      '\nRegular expressions (RE2) match anywhere in the field and, but for --source and --resource, in any case.' +
        '\nExit codes: 0 limit reached or interrupted, 1 the server cannot be reached, failed or ended a stream, 2 wrong usage',
    )
    .action(async (flags: LogsFlags) => {
      const { createEventFilter } = await import('../logs/event-filter.ts');
      const { openOutput } = await import('../logs/open-output.ts');
      const { watchEvents } = await import('../logs/watch-events.ts');
      const filter = createEventFilter({
        ...flags,
        labels: (flags.labels ?? []).flatMap((text) => text.split(',')),
      });
      if (!filter.ok) return command.error(`error: ${filter.error}`);
      const events = openOutput(flags.logPath, process.stdout);
      const messages = openOutput(flags.msgPath, process.stdout);
      if (events === undefined && messages === undefined)
        command.error('error: both --logPath and --msgPath are none');
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      process.once('SIGTERM', () => stop.abort());
      try {
        const identity = flags.secure ? await secured(flags, stop.signal) : undefined;
        await watchEvents(
          {
            ...(identity === undefined ? {} : { identity }),
            address: flags.gRPC ?? (process.env['KUBEARMOR_SERVICE'] || 'localhost:32767'),
            filter: filter.value,
            form: flags.json ? 'json' : flags.output,
            streams: streamsOf[flags.logFilter],
            ...(events === undefined ? {} : { events }),
            ...(messages === undefined ? {} : { messages }),
            limit: flags.limit,
            say: (status) => process.stderr.write(`${status}\n`),
          },
          stop.signal,
        );
      } finally {
        stop.abort();
      }
    });

  function parseCount(text: string): number {
    if (!/^\d{1,9}$/.test(text)) command.error(`error: --limit ${text} is not a count`);
    return Number(text);
  }
}
