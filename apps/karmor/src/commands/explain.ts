import { InvalidArgumentError, Option, type Command } from 'commander';
import { capabilityName } from '@kubearmor-ts/plan';
import { parseAddress, portNumber, type PolicyMode, type Posture } from '@kubearmor-ts/policy';
import type { Peer, Question, Workload } from '../explain/explain-access.ts';

/** What was written, and what it means. */
interface PeerFlag {
  readonly text: string;
  readonly peer: Peer;
}

interface ExplainFlags {
  readonly namespace: string;
  readonly label: Readonly<Record<string, string>>;
  readonly container: string;
  readonly host?: true;
  readonly unorchestrated?: true;
  readonly posture: Posture;
  readonly mode: PolicyMode;
  readonly exec?: string;
  readonly open?: string;
  readonly capability?: string;
  readonly connect?: PeerFlag;
  readonly accept?: PeerFlag;
  readonly write?: true;
  readonly source?: string;
  readonly uid: number;
  readonly owner?: number | true;
  readonly tty?: true;
  readonly arg?: readonly string[];
  readonly args: boolean;
  readonly json?: true;
  readonly exitCode?: true;
}

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .summary('say what one access would meet, and by which rule')
    .description(
      'Compile the policies of a workload into the tables that the kernel gets and walk them for one access',
    )
    .argument('<file|dir...>', 'policies: YAML or JSON files, directories of them, or - for standard input')
    .option('-n, --namespace <name>', 'namespace of the workload', 'default')
    .option('-l, --label <key=value>', 'a label of the workload or the node (repeatable)', collectLabel, {})
    .option('-c, --container <name>', 'name of the container', '')
    .addOption(
      new Option('--host', 'the access happens on the node itself').conflicts([
        'container',
        'unorchestrated',
      ]),
    )
    .option('--unorchestrated', 'the container runs outside Kubernetes')
    .addOption(
      new Option('--posture <posture>', 'default posture').choices(['audit', 'block']).default('audit'),
    )
    .addOption(
      new Option('--mode <mode>', 'how policies bear on the workload')
        .choices(['enabled', 'audited', 'disabled'])
        .default('enabled'),
    )
    .addOption(new Option('--exec <path>', 'execute a program').argParser(absolute).conflicts('open'))
    .addOption(new Option('--open <path>', 'open a file').argParser(absolute))
    .addOption(
      new Option('--capability <name>', 'use a capability, for instance net_raw')
        .argParser(capability)
        .conflicts(['exec', 'open', 'write', 'arg', 'args']),
    )
    .addOption(
      new Option('--connect <url>', 'call a peer: tcp://10.0.0.1:443, udp://[fd00::1]:53, sctp://…')
        .argParser(peer)
        .conflicts(['exec', 'open', 'capability', 'write', 'arg', 'args']),
    )
    .addOption(
      new Option('--accept <url>', 'be called by a peer at a port of our own: tcp://10.0.0.1:8080')
        .argParser(peer)
        .conflicts(['exec', 'open', 'capability', 'connect', 'write', 'arg', 'args']),
    )
    .addOption(new Option('--write', 'open for writing; also creating, removing, renaming').conflicts('exec'))
    .addOption(new Option('--source <path>', 'executable of the caller').argParser(absolute))
    .addOption(new Option('--uid <uid>', 'user id of the caller').argParser(userId).default(0))
    .addOption(
      new Option(
        '--owner [uid]',
        'user id of the owner of the object; without a value: the caller',
      ).argParser(userId),
    )
    .option('--tty', 'the caller has a controlling terminal')
    .addOption(
      new Option('--arg <text>', 'an argument of the new program, after its name (repeatable)')
        .argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
        .conflicts('open'),
    )
    .addOption(new Option('--no-args', 'the new program gets no argument but its path').conflicts('open'))
    .option('--json', 'print one JSON document')
    .option('--exit-code', 'exit with 3 when the access is blocked')
    .addHelpText(
      'after',
      `
Paths are those the kernel sees: absolute, symbolic links resolved.
Exit codes: 0 answered, 1 answered without policies that are invalid, 2 wrong usage, 3 blocked (with --exit-code)`,
    )
    .action(async (paths: readonly string[], flags: ExplainFlags, command: Command) => {
      const wanted = operations.find((operation) => flags[operation] !== undefined);
      if (wanted === undefined)
        command.error(
          'error: one of --exec <path>, --open <path>, --capability <name>, --connect <url> and --accept <url> is needed',
        );
      const { explainAccess } = await import('../explain/explain-access.ts');
      const { loadPolicies } = await import('../explain/load-policies.ts');
      const { explanationJson, explanationText } = await import('../explain/print-explanation.ts');
      const { policies, problems } = await loadPolicies(paths);
      const question = await toQuestion(flags, wanted);
      const explanation = explainAccess(policies, question);
      if (!flags.json) for (const problem of problems) process.stderr.write(`karmor: ${problem}\n`);
      process.stdout.write(
        flags.json ? explanationJson(explanation, problems) : explanationText(explanation, question),
      );
      const isIncomplete = problems.length > 0 || explanation.refused.length > 0;
      process.exitCode = flags.exitCode && explanation.verdict === 'block' ? 3 : isIncomplete ? 1 : 0;
    });
}

const operations = ['exec', 'open', 'capability', 'connect', 'accept'] as const;

async function toQuestion(flags: ExplainFlags, operation: (typeof operations)[number]): Promise<Question> {
  const object = flags[operation]!;
  return {
    workload: await toWorkload(flags),
    posture: flags.posture,
    mode: flags.mode,
    operation,
    ...(typeof object === 'string' ? { object } : { object: object.text, peer: object.peer }),
    write: flags.write ?? false,
    source: flags.source,
    owner: flags.owner === undefined ? undefined : flags.owner === true || flags.owner === flags.uid,
    tty: flags.tty ?? false,
    args: flags.args ? flags.arg : [],
  };
}

async function toWorkload({
  host,
  label,
  namespace,
  container,
  unorchestrated,
}: ExplainFlags): Promise<Workload> {
  if (host) {
    const { hostname } = await import('node:os');
    return {
      kind: 'host',
      labels: { 'kubearmor.io/hostname': hostname(), 'kubernetes.io/hostname': hostname(), ...label },
    };
  }
  return { kind: 'container', namespace, labels: label, container, orchestrated: !unorchestrated };
}

function collectLabel(
  text: string,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be written as key=value.');
  return { ...labels, [text.slice(0, at)]: text.slice(at + 1) };
}

function absolute(path: string): string {
  if (!path.startsWith('/')) throw new InvalidArgumentError('It must be an absolute path.');
  return path;
}

function capability(text: string): string {
  const upper = text.toUpperCase();
  const word = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (capabilityName(word) === undefined) throw new InvalidArgumentError('There is no such capability.');
  return word;
}

function peer(text: string): PeerFlag {
  const parts = /^(tcp|udp|sctp):\/\/(?:\[([^\]]*)\]|([^:/]*)):(\w+)$/i.exec(text);
  const address = parseAddress(parts?.[2] ?? parts?.[3] ?? '');
  const port = portNumber(parts?.[4] ?? '');
  if (parts === null || address === undefined || port === undefined)
    throw new InvalidArgumentError('It must be written as tcp://10.0.0.1:443 or udp://[fd00::1]:53.');
  return { text, peer: { protocol: parts[1]!.toUpperCase() as Peer['protocol'], address, port } };
}

function userId(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffffffff)
    throw new InvalidArgumentError('It must be a number.');
  return Number(text);
}
