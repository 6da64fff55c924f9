import {
  OutcomeRows,
  PathCompiler,
  ROW_WORDS,
  StateTable,
  toPathPattern,
  type CompileLimits,
  type Matcher,
  type NeverReason,
  type PathPattern,
  type RowId,
  type StateId,
} from '@kubearmor-ts/match';
import type { Rule } from '@kubearmor-ts/policy';
import { fail, ok, type Result } from '@kubearmor-ts/result';
import { rowsWith, statesAboveBlocks } from './blocks-below.ts';
import type { EnforcedClass, EnforcementPlan, NotEnforced, PlanInput } from './enforcement-plan.ts';
import { ruleRow, unmatchedWord } from './outcome.ts';
import { writePlan, type ClassTables } from './plan-blob.ts';
import { policyName, ruleError, type PlanError } from './plan-error.ts';
import {
  CLASS_CAN_BLOCK,
  CLASS_WRITE_MATTERS,
  GLOBAL_DFAS,
  SOURCE_DFAS,
  STATE_BLOCKS_BELOW,
  VERDICT,
  VERDICT_MASK,
} from './plan-layout.ts';
import { PLAN_LIMITS, type PlanLimits } from './plan-limits.ts';
import { orderRules, patternText } from './rule-order.ts';

const CLASSES: readonly EnforcedClass[] = ['exec', 'file'];

/** The tables for one workload, or the rules that stand in the way. Equal inputs in any order give equal bytes. */
export function planWorkload(input: PlanInput, limits: PlanLimits = PLAN_LIMITS): Result<EnforcementPlan, PlanError> {
  return new Planning(input, limits).plan();
}

/** A rule of the tables with its number and its ready pattern. */
interface Numbered {
  readonly rule: Rule;
  readonly pattern: PathPattern;
  readonly row: RowId;
}

/** Rules of one class for one source (or for all callers). */
type Group = Numbered[];

class Planning {
  private readonly input: PlanInput;
  private readonly limits: PlanLimits;
  private readonly states = new StateTable();
  private readonly rows = new OutcomeRows();
  private readonly notEnforced: NotEnforced[] = [];

  constructor(input: PlanInput, limits: PlanLimits) {
    this.input = input;
    this.limits = limits;
  }

  plan(): Result<EnforcementPlan, PlanError> {
    const { mode } = this.input;
    const ordered = mode === 'disabled' ? [] : orderRules(this.input.rules);
    const enforced = ordered.filter((rule) => isEnforced(rule) || this.skip(rule));
    if (enforced.length > this.limits.rules) {
      const message = `${enforced.length} rules bear on one workload, the limit is ${this.limits.rules}`;
      return fail(ruleError('KA_PLAN_TOO_MANY_RULES', 'TooManyRules', message, rulesOfLargestPolicy(enforced)));
    }
    const numbered = this.number(enforced);
    if (!numbered.ok) return numbered;
    const sources = this.sourcePaths(numbered.value);
    if (!sources.ok) return sources;
    return this.build(enforced, numbered.value, sources.value);
  }

  private skip(rule: Rule): false {
    this.note(rule, 'ClassNotEnforced', `rules of class ${rule.class} are not part of the path tables`);
    return false;
  }

  private note(rule: Rule, reason: NotEnforced['reason'], message: string): void {
    this.notEnforced.push({ rule, reason, message });
  }

  private number(rules: readonly Rule[]): Result<readonly Numbered[], PlanError> {
    const numbered: Numbered[] = [];
    for (const [index, rule] of rules.entries()) {
      const pattern = toPathPattern(rule.pattern);
      if (!pattern.ok) {
        const { code, reason, message } = pattern.error;
        return fail(ruleError(code, reason, message, [rule], pattern.error));
      }
      if (pattern.value.kind === 'never') {
        this.note(rule, pattern.value.reason, neverMessage(patternText(rule.pattern), pattern.value.reason));
      }
      if (rule.allowedArgs !== undefined) {
        const effect = { Allow: 'every run is allowed', Audit: 'every run is reported', Block: 'every run is blocked' }[rule.action];
        this.note(rule, 'ArgumentsNotEnforced', `the tables do not see arguments: ${effect}, whatever allowedArgs lists`);
      }
      const row = this.rows.intern(ruleRow(rule, index + 1, this.input.mode));
      numbered.push({ rule, pattern: pattern.value, row });
    }
    return ok(numbered);
  }

  /** Source executables in the order of their labels, with their bytes. */
  private sourcePaths(numbered: readonly Numbered[]): Result<ReadonlyMap<string, PathPattern>, PlanError> {
    const patterns = new Map<string, PathPattern>();
    for (const { rule } of numbered) {
      if (rule.source === undefined) continue;
      if (!patterns.has(rule.source)) {
        const parsed = toPathPattern({ kind: 'exact', path: rule.source });
        if (!parsed.ok) {
          const { code, reason, message } = parsed.error;
          return fail(ruleError(code, reason, `source: ${message}`, [rule], parsed.error));
        }
        patterns.set(rule.source, parsed.value);
      }
      const pattern = patterns.get(rule.source)!;
      if (pattern.kind === 'never') this.note(rule, 'SourceNeverMatches', `source: ${neverMessage(rule.source, pattern.reason)}`);
    }
    const live = [...patterns].filter(([, pattern]) => pattern.kind === 'exact').sort(([a], [b]) => (a < b ? -1 : 1));
    if (live.length > this.limits.sources) {
      const message = `the rules name ${live.length} source executables, the limit is ${this.limits.sources}`;
      const withSource = numbered.filter(({ rule }) => rule.source !== undefined).map(({ rule }) => rule);
      return fail(ruleError('KA_PLAN_TOO_MANY_SOURCES', 'TooManySources', message, rulesOfLargestPolicy(withSource)));
    }
    return ok(new Map(live));
  }

  private build(
    enforced: readonly Rule[],
    numbered: readonly Numbered[],
    sources: ReadonlyMap<string, PathPattern>,
  ): Result<EnforcementPlan, PlanError> {
    const labels = [...sources.keys()];
    const sourceRoots = labels.map((): (readonly StateId[])[] => []);
    const classRoots: (readonly StateId[])[] = [];
    const ranges: [StateId, StateId][] = [];
    for (const cls of CLASSES) {
      const begin = this.states.length;
      const compiler = new PathCompiler(this.states, this.rows);
      const groups = groupBySource(numbered, cls);
      const roots = this.compile(compiler, groups.get(undefined) ?? [], GLOBAL_DFAS - 1);
      if (!roots.ok) return roots;
      classRoots.push(roots.value);
      for (const [at, source] of labels.entries()) {
        const own = this.compile(compiler, groups.get(source) ?? [], SOURCE_DFAS - 1);
        if (!own.ok) return own;
        sourceRoots[at]!.push(own.value);
      }
      ranges.push([begin, this.states.length]);
    }
    const classes = CLASSES.map((cls, at) => this.classTables(cls, numbered, classRoots[at]!));
    const flags = this.flagStates(ranges, classes);
    const labelled = this.addSources([...sources.values()]);
    const values = new Int32Array(this.states.length);
    values.set(flags);
    values.set(labelled.labels, flags.length);
    if (this.states.length > this.limits.states) {
      const message = `the rules need ${this.states.length} states, the limit is ${this.limits.states}`;
      return fail(ruleError('KA_PLAN_TOO_MANY_STATES', 'PlanTooLarge', message, rulesOfLargestPolicy(enforced)));
    }
    const written = writePlan(
      {
        states: this.states,
        rows: this.rows,
        values,
        ruleCount: enforced.length,
        classes,
        sourceRoot: labelled.root,
        sources: sourceRoots,
      },
      this.limits.blobBytes,
    );
    if (written === undefined) {
      const message = `the tables are larger than ${this.limits.blobBytes} bytes`;
      return fail(ruleError('KA_PLAN_TOO_LARGE', 'PlanTooLarge', message, rulesOfLargestPolicy(enforced)));
    }
    return ok({
      blob: written.blob,
      contentHash: written.contentHash,
      rules: [undefined, ...enforced],
      mode: this.input.mode,
      notEnforced: this.notEnforced,
      size: {
        blobBytes: written.blob.length,
        states: this.states.length,
        edges: written.edges,
        rows: this.rows.length - 1,
        sources: labels.length,
        automata: { exec: classRoots[0]!.length, file: classRoots[1]!.length },
      },
    });
  }

  private compile(compiler: PathCompiler, group: Group, globAutomata: number): Result<readonly StateId[], PlanError> {
    const limits: CompileLimits = { globAutomata, glob: this.limits.glob };
    const compiled = compiler.compile(group, limits);
    if (compiled.ok) return ok(compiled.roots);
    const rules = compiled.tooMany.map((at) => group[at]!.rule);
    const texts = rules.slice(0, 5).map((rule) => `"${patternText(rule.pattern)}"`);
    const more = rules.length > texts.length ? ` and ${rules.length - texts.length} more` : '';
    const message = `together with the other globs of the workload these need more states than ${globAutomata} automata may have: ${texts.join(', ')}${more}`;
    return fail(ruleError('KA_PLAN_GLOBS_EXPLODE', 'PatternsTooComplex', message, rules));
  }

  private classTables(cls: EnforcedClass, numbered: readonly Numbered[], roots: readonly StateId[]): ClassTables {
    const { postures, mode } = this.input;
    const own = numbered.filter(({ rule }) => rule.class === cls);
    const unmatched = unmatchedWord(
      own.some(({ rule }) => rule.action === 'Allow'),
      postures.file,
      mode,
    );
    const blocks = rowsWith(this.rows, (decide) => (decide & VERDICT_MASK) === VERDICT.block);
    const canBlock = unmatched === VERDICT.block || own.some(({ row }) => blocks(row));
    const writeMatters = own.some(({ rule }) => rule.readOnly);
    return { roots, unmatched, flags: (canBlock ? CLASS_CAN_BLOCK : 0) | (writeMatters ? CLASS_WRITE_MATTERS : 0) };
  }

  /** `KA_STATE_BLOCKS_BELOW`: where the posture blocks, a path that no rule decides counts as blocked. */
  private flagStates(ranges: readonly [StateId, StateId][], classes: readonly ClassTables[]): Int32Array {
    const values = new Int32Array(this.states.length);
    for (const [at, [begin, end]] of ranges.entries()) {
      const postureBlocks = classes[at]!.unmatched === VERDICT.block;
      const blocks = rowsWith(
        this.rows,
        (decide) => (decide & VERDICT_MASK) === VERDICT.block || (postureBlocks && decide === 0),
      );
      const above = statesAboveBlocks(this.states, begin, end, blocks);
      for (let s = begin; s < end; s++) values[s] = above[s - begin] === 1 ? STATE_BLOCKS_BELOW : 0;
    }
    return values;
  }

  /** The automaton that yields labels 1, 2, …: its rows are label numbers until they become the states' values. */
  private addSources(paths: readonly PathPattern[]): { readonly root: StateId | undefined; readonly labels: Int32Array } {
    if (paths.length === 0) return { root: undefined, labels: new Int32Array(0) };
    const begin = this.states.length;
    const labelRows = new OutcomeRows();
    const matchers: Matcher[] = paths.map((pattern, at) => {
      const row = new Uint32Array(ROW_WORDS);
      row[0] = at + 1;
      return { pattern, row: labelRows.intern(row) };
    });
    const root = new PathCompiler(this.states, labelRows).compilePaths(matchers);
    const labels = new Int32Array(this.states.length - begin);
    for (let s = begin; s < this.states.length; s++) {
      labels[s - begin] = labelRows.row(this.states.row.items[s]!)[0]!;
      this.states.row.items[s] = 0;
    }
    return { root, labels };
  }
}

function isEnforced(rule: Rule): boolean {
  return rule.class === 'exec' || rule.class === 'file';
}

function groupBySource(numbered: readonly Numbered[], cls: EnforcedClass): Map<string | undefined, Group> {
  const groups = new Map<string | undefined, Group>();
  for (const one of numbered) {
    if (one.rule.class !== cls) continue;
    const group = groups.get(one.rule.source);
    if (group === undefined) groups.set(one.rule.source, [one]);
    else group.push(one);
  }
  return groups;
}

/** The policy to leave out when there is too much of everything. */
function rulesOfLargestPolicy(rules: readonly Rule[]): readonly Rule[] {
  const byPolicy = new Map<string, Rule[]>();
  for (const rule of rules) {
    const name = policyName(rule.policy);
    const own = byPolicy.get(name);
    if (own === undefined) byPolicy.set(name, [rule]);
    else own.push(rule);
  }
  let largest: readonly Rule[] = [];
  for (const name of [...byPolicy.keys()].sort()) if (byPolicy.get(name)!.length > largest.length) largest = byPolicy.get(name)!;
  return largest;
}

function neverMessage(text: string, reason: NeverReason): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  switch (reason) {
    case 'PatternNotAbsolute':
      return `"${shown}" does not begin with a slash and every path does: it matches nothing`;
    case 'PathNotCanonical':
      return `"${shown}" holds an empty, "." or ".." component, or ends in a slash, which no path does: it matches nothing`;
    case 'PatternEndsInSlash':
      return `"${shown}" ends in a slash and no path does: it matches nothing; a directory rule may be meant`;
  }
}
