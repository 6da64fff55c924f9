import type { Rule } from '@kubearmor-ts/policy';
import { carve } from './carve.ts';
import { ruleTitle, type Conditions } from './condition.ts';
import { PATH_CELLS, ruleCells, type RuleCells } from './path-cells.ts';
import type { Region } from './region.ts';
import type { Relations } from './relation.ts';

/** A rule of class exec or file that bears on a profile, and the paths it speaks about. */
export interface PathRule {
  readonly rule: Rule;
  readonly region: Region;
}

/** A region, or the patterns that are left of one. */
export type PathSet = Region | { readonly pieces: readonly string[] };

/** Sets of paths by the cells that they hold for. */
export interface PathLine {
  readonly set: PathSet;
  readonly cells: number;
}

export interface PathDecisions {
  readonly allowed: readonly PathLine[];
  readonly denied: readonly PathLine[];
  readonly audited: readonly PathLine[];
}

export interface PathQuestion {
  /** From the lowest precedence to the highest. */
  readonly rules: readonly PathRule[];
  /** What no rule covers is allowed by a line of its own. */
  readonly isOpen: boolean;
  /** What would be refused passes and is reported. */
  readonly onlyReports: boolean;
}

/** What a rule refuses in one cell, and which higher rules permit parts of it. */
interface Denial {
  readonly by: PathRule;
  readonly holes: PathRule[];
}

/** A cell's state while rules are taken in, from low to high. */
interface Cell {
  allowed: Region[];
  denied: Denial[];
}

/**
 * Precedence as allow and deny lines. AppArmor adds up both and lets deny win, so a deny line stands only where no rule
 * above permits: what a higher rule covers altogether is dropped, part of a directory is carved out, and where that is
 * not exact the deny stays and the higher rule gets a condition. Without an open profile what nothing allows needs no
 * deny line at all.
 */
export function decidePaths(
  { rules, isOpen, onlyReports }: PathQuestion,
  relations: Relations,
  conditions: Conditions,
): PathDecisions {
  const cells = new Map<number, Cell>(PATH_CELLS.map((cell) => [cell, { allowed: [], denied: [] }]));
  const audits: { readonly by: PathRule; readonly says: RuleCells }[] = [];
  for (const by of rules) {
    const says = ruleCells(by.rule);
    if (says.reports !== 0) audits.push({ by, says });
    if (onlyReports && says.refuses !== 0) audits.push({ by, says: { ...says, reports: says.refuses } });
    for (const [bit, cell] of cells) {
      if ((says.permits & bit) !== 0) permit(cell, by, isOpen, relations);
      if ((says.refuses & bit) !== 0 && !onlyReports) refuse(cell, by, isOpen, relations);
    }
  }
  const allowed = new LineSets();
  const denied = new LineSets();
  const audited = new LineSets();
  for (const [bit, cell] of cells) {
    for (const region of cell.allowed) allowed.add(region, bit);
    for (const denial of cell.denied) denied.add(remainder(denial, conditions), bit);
    for (const { by, says } of audits) {
      if ((says.reports & bit) !== 0) audit(by, bit, isOpen, cell, audited, relations, conditions);
    }
  }
  return { allowed: allowed.lines, denied: denied.lines, audited: audited.lines };
}

function permit(cell: Cell, by: PathRule, isOpen: boolean, relations: Relations): void {
  cell.denied = cell.denied.filter((denial) => {
    const relation = relations.of(denial.by.region, by.region);
    if (relation === 'within') return false;
    if (relation !== 'disjoint') denial.holes.push(by);
    return true;
  });
  if (!isOpen && !cell.allowed.some((region) => region.key === by.region.key)) cell.allowed.push(by.region);
}

function refuse(cell: Cell, by: PathRule, isOpen: boolean, relations: Relations): void {
  let isNeeded = isOpen;
  cell.allowed = cell.allowed.filter((region) => {
    const relation = relations.of(region, by.region);
    if (relation === 'within') return false;
    if (relation !== 'disjoint') isNeeded = true;
    return true;
  });
  if (!isNeeded) return;
  cell.denied = cell.denied.filter(({ by: lower }) => lower.region.key !== by.region.key);
  cell.denied.push({ by, holes: [] });
}

function remainder({ by, holes }: Denial, conditions: Conditions): PathSet {
  if (holes.length === 0) return by.region;
  const pieces = carve(
    by.region,
    holes.map(({ region }) => region),
  );
  if (pieces !== undefined) return { pieces };
  for (const { rule } of holes) {
    const message = `AppArmor lets deny win, so what the ${ruleTitle(by.rule)} covers stays refused; move the exception to a directory or path of its own, or name the refused paths one by one`;
    conditions.rule(rule, 'DenyWins', 'Stricter', message);
  }
  return by.region;
}

/** An audit line also allows: without an open profile only what is allowed anyway may get one. */
function audit(
  by: PathRule,
  bit: number,
  isOpen: boolean,
  cell: Cell,
  audited: LineSets,
  relations: Relations,
  conditions: Conditions,
): void {
  if (isOpen) return audited.add(by.region, bit);
  for (const region of cell.allowed) {
    const relation = relations.of(region, by.region);
    if (relation === 'within') audited.add(region, bit);
    else if (relation !== 'disjoint') {
      if (relations.of(by.region, region) === 'within') return audited.add(by.region, bit);
      const message =
        'an audit line of AppArmor also allows, so paths that Allow rules cover only in part are not reported';
      conditions.rule(by.rule, 'AuditIncomplete', 'Unreported', message);
    }
  }
}

class LineSets {
  private readonly byKey = new Map<string, { readonly set: PathSet; cells: number }>();

  get lines(): readonly PathLine[] {
    return [...this.byKey.values()];
  }

  add(set: PathSet, cell: number): void {
    const key = 'key' in set ? set.key : `\0${set.pieces.join('\0')}`;
    const known = this.byKey.get(key);
    if (known === undefined) this.byKey.set(key, { set, cells: cell });
    else known.cells |= cell;
  }
}
