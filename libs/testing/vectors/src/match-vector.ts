import { readdirSync, readFileSync } from 'node:fs';
import type { Access, PlanInput, Verdict } from '@kubearmor-ts/plan';
import type { Rule } from '@kubearmor-ts/policy';

/** A rule as the files write it: what is absent has its default. */
export type VectorRule = Pick<Rule, 'class' | 'pattern' | 'action'> &
  Partial<Pick<Rule, 'source' | 'allowedArgs' | 'ownerOnly' | 'readOnly' | 'onlyTerminal'>>;

export interface VectorAccess {
  readonly class: Access['class'];
  readonly path?: string;
  readonly pathHex?: string;
  /** Letters of `owt`. */
  readonly access: string;
  readonly source?: string;
  readonly args?: readonly string[];
  readonly verdict: Verdict;
  readonly rule?: number;
}

export interface VectorSet {
  readonly rules: readonly VectorRule[];
  readonly posture: 'audit' | 'block';
  readonly mode: 'enabled' | 'audited';
  readonly accesses: readonly VectorAccess[];
}

export interface VectorFile {
  readonly about: string;
  readonly sets: readonly VectorSet[];
}

/** A set of a file with all defaults filled in. */
export interface MatchVector {
  readonly file: string;
  readonly set: number;
  readonly input: PlanInput;
  readonly accesses: readonly {
    readonly access: Access;
    readonly verdict: Verdict;
    readonly rule: Rule | undefined;
  }[];
}

export const matchFolder = new URL('../match/', import.meta.url);

/** `folder`: where they lie, for who runs from a bundle. */
export function loadMatchVectors(folder = matchFolder): readonly MatchVector[] {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort();
  return files.flatMap((file) => {
    const { sets } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as VectorFile;
    return sets.map((set, at) => toVector(file, at, set));
  });
}

function toVector(file: string, at: number, set: VectorSet): MatchVector {
  const rules = set.rules.map(toRule);
  return {
    file,
    set: at,
    input: toInput(rules, set),
    accesses: set.accesses.map((one) => ({
      access: toAccess(one),
      verdict: one.verdict,
      rule: one.rule === undefined ? undefined : rules[one.rule],
    })),
  };
}

export function toInput(
  rules: readonly Rule[],
  { posture, mode }: Pick<VectorSet, 'posture' | 'mode'>,
): PlanInput {
  return { rules, postures: { file: posture, network: posture, capabilities: posture }, mode };
}

export function toRule(rule: VectorRule): Rule {
  return {
    ownerOnly: false,
    readOnly: false,
    onlyTerminal: false,
    severity: 1,
    tags: [],
    message: '',
    policy: { kind: 'KubeArmorPolicy', namespace: 'default', name: 'vectors' },
    ...rule,
  };
}

export function toAccess({
  class: cls,
  path,
  pathHex,
  access,
  source,
  args,
}: Omit<VectorAccess, 'verdict' | 'rule'>): Access {
  const bytes =
    pathHex === undefined ? new TextEncoder().encode(path) : Uint8Array.from(Buffer.from(pathHex, 'hex'));
  return {
    class: cls,
    path: bytes,
    owner: access.includes('o'),
    write: access.includes('w'),
    tty: access.includes('t'),
    ...(source === undefined ? {} : { source: new TextEncoder().encode(source) }),
    ...(args === undefined ? {} : { args: args.map((arg) => new TextEncoder().encode(arg)) }),
  };
}
