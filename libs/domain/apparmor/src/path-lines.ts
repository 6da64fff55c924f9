import type { Posture, PolicyMode, Rule } from '@kubearmor-ts/policy';
import type { Conditions } from './condition.ts';
import { cellsOf } from './path-cells.ts';
import { decidePaths, type PathDecisions, type PathLine, type PathRule } from './path-decisions.ts';
import { executableTexts, fileTexts, toRegion, type Region } from './region.ts';
import type { Relations } from './relation.ts';
import { execLines, fileLines, type Qualifier } from './rule-line.ts';

/** Where an execution leads from one profile. */
export interface Transitions {
  /** Executables with a profile of their own, and the letters that lead there. */
  readonly toSources: readonly { readonly path: string; readonly mode: string }[];
  readonly elsewhere: string;
}

export interface PathClass {
  readonly rules: readonly PathRule[];
  readonly isOpen: boolean;
  readonly onlyReports: boolean;
}

/** The rules of a class that bear on any profile, with conditions for those that cannot be taken at their word. */
export function readPathRules(
  rules: readonly Rule[],
  cls: 'exec' | 'file',
  conditions: Conditions,
): readonly PathRule[] {
  const read: PathRule[] = [];
  for (const rule of rules) {
    if (rule.class !== cls) continue;
    const region = toRegion(rule.pattern);
    if (!region.ok) {
      conditions.rule(rule, 'PatternMalformed', 'NotEnforced', region.error.message);
      continue;
    }
    if (region.value === undefined) {
      conditions.rule(
        rule,
        'PatternNeverMatches',
        'NotEnforced',
        'no path that the kernel builds can match it',
      );
      continue;
    }
    mention(rule, conditions);
    read.push({ rule, region: region.value });
  }
  return read;
}

function mention(rule: Rule, conditions: Conditions): void {
  const isAllow = rule.action === 'Allow';
  if (rule.onlyTerminal) {
    const message = `AppArmor does not know who has a terminal; the rule ${isAllow ? 'allows' : 'holds for'} everybody`;
    conditions.rule(
      rule,
      'TerminalUnknown',
      isAllow ? 'Weaker' : rule.action === 'Block' ? 'Stricter' : 'Unreported',
      message,
    );
  }
  if (rule.action === 'Block' && rule.class === 'exec' && rule.allowedArgs !== undefined)
    conditions.rule(
      rule,
      'ArgumentsUnknown',
      'Stricter',
      'AppArmor does not see arguments; every run is refused',
    );
  if (rule.ownerOnly && rule.class === 'file' && !rule.readOnly && rule.action !== 'Audit') {
    const message = 'AppArmor takes who creates a file for its owner, so anybody may create files here';
    conditions.rule(rule, 'CreatorIsOwner', 'Weaker', message);
  }
}

export function pathClass(
  rules: readonly PathRule[],
  all: readonly Rule[],
  posture: Posture,
  mode: PolicyMode,
  conditions: Conditions,
): PathClass {
  const onlyReports = mode === 'audited';
  const allows = all.filter(({ action }) => action === 'Allow');
  const isOpen = allows.length === 0 || onlyReports || posture !== 'block';
  if (isOpen) {
    for (const rule of allows) {
      const message =
        'AppArmor cannot report what it does not refuse, so what no rule covers passes without a report';
      conditions.policy(rule, 'PostureUnreported', 'Unreported', message);
    }
  }
  return { rules, isOpen, onlyReports };
}

/** The rules of a profile: those for all sources and those for its own. */
export const rulesFor = ({ rules, ...rest }: PathClass, source: string | undefined): PathClass => ({
  ...rest,
  rules: rules.filter(({ rule }) => rule.source === undefined || rule.source === source),
});

export function fileClassLines(
  own: PathClass,
  relations: Relations,
  conditions: Conditions,
): readonly string[] {
  const { allowed, denied, audited } = decidePaths(own, relations, conditions);
  const write = (qualifier: Qualifier) => (line: PathLine) =>
    texts(line, fileTexts).flatMap((text) => fileLines(qualifier, text, line.cells));
  const open = own.isOpen ? fileLines('', '/{,**}', cellsOf('file')) : [];
  return [
    ...open,
    ...allowed.flatMap(write('')),
    ...audited.flatMap(write('audit ')),
    ...denied.flatMap(write('audit deny ')),
  ];
}

export function execClassLines(
  own: PathClass,
  transitions: Transitions,
  relations: Relations,
  conditions: Conditions,
): readonly string[] {
  const decisions = decidePaths(own, relations, conditions);
  const special = new Map(transitions.toSources.map(({ path, mode }) => [sourceRegion(path)?.key, mode]));
  const write = (qualifier: '' | 'audit ') => (line: PathLine) =>
    texts(line, executableTexts).flatMap((text) =>
      // Two ways on from one exact name would contradict each other.
      execLines(qualifier, text, line.cells, special.get(text) ?? transitions.elsewhere),
    );
  const open = own.isOpen ? execLines('', '/{,**}', cellsOf('exec'), transitions.elsewhere) : [];
  const entries = transitions.toSources.flatMap(({ path, mode }) => {
    const region = sourceRegion(path);
    if (region === undefined) return [];
    return execLines('', region.key, allowedCells(region, own, decisions, relations), mode);
  });
  return [
    ...open,
    ...decisions.allowed.flatMap(write('')),
    ...entries,
    ...decisions.audited.flatMap(write('audit ')),
    ...decisions.denied.flatMap((line) =>
      texts(line, executableTexts).flatMap((text) => execLines('audit deny ', text, line.cells, 'x')),
    ),
  ];
}

export function sourceRegion(path: string): Region | undefined {
  const region = toRegion({ kind: 'exact', path });
  return region.ok ? region.value : undefined;
}

function allowedCells(
  region: Region,
  own: PathClass,
  { allowed }: PathDecisions,
  relations: Relations,
): number {
  if (own.isOpen) return cellsOf('exec');
  let cells = 0;
  for (const { set, cells: held } of allowed) {
    if ('key' in set && relations.of(region, set) === 'within') cells |= held;
  }
  return cells;
}

function texts(
  { set }: PathLine,
  write: (pattern: Region['pattern']) => readonly string[],
): readonly string[] {
  return 'key' in set ? write(set.pattern) : set.pieces;
}
