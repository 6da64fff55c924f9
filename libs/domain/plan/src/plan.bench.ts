import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePolicies, type Action, type Pattern, type Rule } from '@kubearmor-ts/policy';
import { decide, planAccepted, type EnforcementPlan, type PlanInput } from './index.ts';

/*
 * Compile time and table size, as a markdown table. Run in this room by `npm run bench`, or with directories of policies
 * as arguments: all their rules are then merged into one workload as well. Times are CPU time of the best of several
 * runs; `first` is the first run, with cold code.
 */

const words = [
  'usr',
  'lib',
  'etc',
  'var',
  'opt',
  'share',
  'local',
  'conf',
  'data',
  'cache',
  'log',
  'python3',
  'nginx',
  'ssl',
  'certs',
  'run',
  'kube',
];

/** Rules as policies have them: 55 % paths, 32 % directories, 6 % program names, 7 % globs, a tenth with a source. */
function syntheticRules(count: number): readonly Rule[] {
  let seed = 0x9e3779b9 ^ count;
  const next = (below: number): number => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
  };
  const pick = <T>(items: readonly T[]): T => items[next(items.length)]!;
  return Array.from({ length: count }, (): Rule => {
    const folder = Array.from({ length: 2 + next(3) }, () => `/${pick(words)}`).join('');
    const name = `${pick(words)}-${next(count * 4).toString(36)}`;
    const kind = next(100);
    let pattern: Pattern;
    if (kind < 55) pattern = { kind: 'exact', path: `${folder}/${name}` };
    else if (kind < 87) pattern = { kind: 'directory', dir: `${folder}/${name}/`, recursive: kind % 2 === 0 };
    else if (kind < 93) pattern = { kind: 'execname', name };
    else if (kind < 97) pattern = { kind: 'glob', glob: `${folder}/*${name}*` };
    else pattern = { kind: 'glob', glob: `/**/${name}.*` };
    return {
      class: pick(['exec', 'file']),
      pattern,
      ownerOnly: false,
      readOnly: next(5) === 0,
      onlyTerminal: false,
      action: pick<Action>(['Block', 'Block', 'Audit', 'Allow']),
      severity: 1 + next(10),
      tags: [],
      message: '',
      policy: { kind: 'KubeArmorPolicy', namespace: 'bench', name: `p${next(50)}` },
      ...(next(10) === 0 ? { source: `/usr/bin/${pick(words)}` } : {}),
    };
  });
}

function rulesOfDirectory(directory: string): { readonly policies: number; readonly rules: readonly Rule[] } {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /\.ya?ml$/.test(entry.name),
  );
  const policies = files
    .flatMap((entry) =>
      parsePolicies(readFileSync(join(entry.parentPath, entry.name)), { strictness: 'lenient' }),
    )
    .flatMap(({ result }) => (result.ok ? [result.value] : []));
  return { policies: policies.length, rules: policies.flatMap(({ rules }) => rules) };
}

interface Measured {
  readonly firstMs: number;
  readonly bestMs: number;
  readonly plan: EnforcementPlan;
  readonly refused: number;
}

function measure(rules: readonly Rule[]): Measured {
  const input: PlanInput = {
    rules,
    postures: { file: 'block', network: 'audit', capabilities: 'audit' },
    mode: 'enabled',
  };
  const times: number[] = [];
  for (;;) {
    const before = process.cpuUsage();
    const { plan, refused } = planAccepted(input);
    times.push(process.cpuUsage(before).user / 1000);
    if (times.length === 7)
      return { firstMs: times[0]!, bestMs: Math.min(...times), plan, refused: refused.length };
  }
}

/** Nanoseconds of one decision by the reference evaluator, over the rules' own paths. */
function decisionNs(plan: EnforcementPlan): number {
  const path = new TextEncoder().encode('/usr/lib/python3/share/cache/log/local/nginx/x.conf');
  const access = { class: 'file', path, owner: false, write: false, tty: false } as const;
  const rounds = 20_000;
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) decide(plan, access);
  return (process.cpuUsage(before).user * 1000) / rounds;
}

function line(name: string, rules: readonly Rule[]): string {
  const { firstMs, bestMs, plan, refused } = measure(rules);
  const { states, edges, rows, sources, blobBytes, automata } = plan.size;
  const cells = [
    name,
    plan.rules.length - 1,
    refused,
    firstMs.toFixed(0),
    bestMs.toFixed(1),
    states,
    edges,
    rows,
    sources,
    `${automata.exec}+${automata.file}`,
    (blobBytes / 1024).toFixed(0),
    decisionNs(plan).toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

const lines = [
  '| rules of | rules | refused | first ms | best ms | states | edge slots | rows | sources | automata exec+file | KiB | ns per decision |',
  '|---|---|---|---|---|---|---|---|---|---|---|---|',
];
for (const count of [10, 100, 1000, 10_000]) lines.push(line(`generator (${count})`, syntheticRules(count)));
for (const directory of process.argv.slice(2)) {
  const { policies, rules } = rulesOfDirectory(directory);
  lines.push(line(`a public corpus of ${policies} policies, merged`, rules));
}
process.stdout.write(`${lines.join('\n')}\n`);
