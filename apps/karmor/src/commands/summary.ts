import type { Command } from 'commander';

interface SummaryFlags {
  readonly api?: string;
  readonly tokenFile?: string;
  readonly secure?: true;
  readonly tlsCertPath: string;
  readonly namespace?: string;
  readonly workload?: string;
  readonly container?: string;
  readonly host?: string;
  readonly type?: string;
  readonly outcome?: string;
  readonly limit: number;
  readonly json?: true;
  readonly output: 'text' | 'json';
}

export function registerSummary(program: Command): void {
  const command = program
    .command('summary')
    .summary('what workloads do: programs, files, peers, with counts');
  command
    .description('Show what the relay has seen each workload do')
    .option('--api <url>', 'HTTP API of the relay; else env KUBEARMOR_API, else http://localhost:9091')
    .option('--token-file <file>', 'file with the token, alone in its first line; else env KUBEARMOR_TOKEN')
    .option('--secure', 'show the client certificate in --tlsCertPath; the URL must be https')
    .option('--tlsCertPath <dir>', 'directory of ca.crt, client.crt and client.key', '/var/lib/kubearmor/tls')
    .option('-n, --namespace <name>', 'namespace, whole')
    .option('-w, --workload <name>', 'owner such as a Deployment, whole; with its kind as Kind/name')
    .option('--container <name>', 'container name, whole')
    .option('--host <name>', 'what runs on this node outside containers')
    .addOption(
      command
        .createOption('-t, --type <class>', 'kind of behaviour')
        .choices(['process', 'file', 'network', 'syscall', 'capability', 'device', 'other']),
    )
    .addOption(
      command
        .createOption('--outcome <what>', 'what became of it')
        .choices(['allowed', 'audited', 'blocked', 'failed']),
    )
    .option('--limit <count>', 'behaviours at most; 0 is all', parseCount, 1000)
    .option('--json', 'the same as -o json')
    .addOption(command.createOption('-o, --output <form>', 'form').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit codes: 0 answered, 1 the relay cannot be reached or refuses, 2 wrong usage')
    .action(async (flags: SummaryFlags) => {
      const given = flags.api ?? (process.env['KUBEARMOR_API'] || 'http://localhost:9091');
      const api = URL.canParse(given) ? new URL(given) : undefined;
      if (api === undefined || !/^https?:$/.test(api.protocol))
        return command.error(`error: --api ${given} is not an http or https URL`);
      if (flags.secure && api.protocol !== 'https:') command.error('error: --secure needs an https URL');
      const { readSummaries } = await import('../summary/read-summaries.ts');
      const { summariesText } = await import('../summary/print-summaries.ts');
      const stop = new AbortController();
      try {
        const token = await readToken(flags.tokenFile);
        const identity = flags.secure ? await secured(flags.tlsCertPath, stop.signal) : undefined;
        const { summaries, isCut } = await readSummaries(
          {
            api,
            ...(token === undefined ? {} : { token }),
            ...(identity === undefined ? {} : { tls: identity.current() }),
          },
          toFilter(flags),
          flags.limit,
        );
        const isJson = flags.json === true || flags.output === 'json';
        process.stdout.write(isJson ? `${JSON.stringify(summaries)}\n` : summariesText(summaries));
        if (isCut) process.stderr.write(`there is more: raise --limit ${String(flags.limit)}\n`);
      } finally {
        stop.abort();
      }
    });

  function parseCount(text: string): number {
    if (!/^\d{1,9}$/.test(text)) command.error(`error: --limit ${text} is not a count`);
    return Number(text);
  }
}

function toFilter(flags: SummaryFlags): Record<string, string> {
  const slash = flags.workload?.indexOf('/') ?? -1;
  const entries: [string, string | undefined][] = [
    ['namespace', flags.namespace],
    ['ownerKind', slash > 0 ? flags.workload?.slice(0, slash) : undefined],
    ['ownerName', flags.workload?.slice(slash + 1)],
    ['container', flags.container],
    ['host', flags.host],
    ['class', flags.type],
    ['outcome', flags.outcome],
  ];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function readToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return process.env['KUBEARMOR_TOKEN'] || undefined;
  const { readFile } = await import('node:fs/promises');
  return (await readFile(file, 'utf8')).split('\n', 1)[0]?.trim();
}

async function secured(tlsCertPath: string, signal: AbortSignal) {
  const { readClientIdentity } = await import('../logs/client-identity.ts');
  return readClientIdentity({ tlsCertPath, tlsCertProvider: 'external' }, signal);
}
