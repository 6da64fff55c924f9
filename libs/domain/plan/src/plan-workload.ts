import {
  KA_CELL_VERDICT_MASK,
  KA_GLOBAL_DFAS,
  KA_SOURCE_DFAS,
  KA_CLASS_CAN_BLOCK,
  KA_CLASS_SPEAKS,
  KA_CLASS_WRITE_MATTERS,
  KA_STATE_BLOCKS_BELOW,
  Verdict,
} from '@kubearmor-ts/abi';
import {
  OutcomeRows,
  PathCompiler,
  StateTable,
  type Matcher,
  type RowId,
  type StateId,
} from '@kubearmor-ts/match';
import { fail, ok, type Result } from '@kubearmor-ts/result';
import { compileArguments } from './argument-lists.ts';
import { rowsWith, statesAboveBlocks } from './blocks-below.ts';
import {
  enforcedClasses,
  postureOf,
  type EnforcedClass,
  type EnforcementPlan,
  type PlanInput,
} from './enforcement-plan.ts';
import { labelSources, type SourceLabels } from './label-sources.ts';
import { numberRules, type NumberedRule, type NumberedRules } from './number-rules.ts';
import { ruleRow, unmatchedWord } from './outcome.ts';
import { writePlan, type ClassTables } from './plan-blob.ts';
import { ruleError, rulesOfLargestPolicy, type PlanError } from './plan-error.ts';
import { PLAN_LIMITS, type PlanLimits } from './plan-limits.ts';
import { patternText } from './rule-order.ts';

/** The tables for one workload, or the rules that stand in the way. Equal inputs in any order give equal bytes. */
export function planWorkload(
  input: PlanInput,
  limits: PlanLimits = PLAN_LIMITS,
): Result<EnforcementPlan, PlanError> {
  const numbered = numberRules(input, limits);
  if (!numbered.ok) return numbered;
  return new Planning(input, limits, numbered.value).plan();
}

/** A numbered rule and what it says where it matches. */
interface RuleMatcher extends NumberedRule, Matcher {}

class Planning {
  private readonly input: PlanInput;
  private readonly limits: PlanLimits;
  private readonly numbered: NumberedRules;
  private readonly matchers: readonly RuleMatcher[];
  private readonly states = new StateTable();
  private readonly rows = new OutcomeRows();

  constructor(input: PlanInput, limits: PlanLimits, numbered: NumberedRules) {
    this.input = input;
    this.limits = limits;
    this.numbered = numbered;
    this.matchers = numbered.rules.map((one) => ({
      ...one,
      row: this.rows.intern(ruleRow(one.rule, one.number, input.mode)),
    }));
  }

  plan(): Result<EnforcementPlan, PlanError> {
    const labels = labelSources(this.numbered.rules, this.limits.sources);
    if (!labels.ok) return labels;
    const tables: ClassTables[] = [];
    const flags: Uint8Array[] = [];
    for (const cls of enforcedClasses) {
      const begin = this.states.length;
      const compiled = this.compileClass(cls, labels.value);
      if (!compiled.ok) return compiled;
      tables.push(compiled.value);
      flags.push(this.flagStates(cls, begin, compiled.value.unmatched === Verdict.BLOCK));
    }
    const firstOfArguments = this.states.length;
    const argumentLists = compileArguments(this.matchers, this.states, this.rows);
    flags.push(new Uint8Array(this.states.length - firstOfArguments));
    const source = labels.value.compile(this.states);
    if (this.states.length > this.limits.states) {
      const message = `the rules need ${this.states.length} states, the limit is ${this.limits.states}`;
      return fail(this.tooMuch('KA_PLAN_TOO_MANY_STATES', message));
    }
    const values = new Int32Array(this.states.length);
    let at = 0;
    for (const part of [...flags, source.values]) {
      values.set(part, at);
      at += part.length;
    }
    const ruleCount = this.matchers.length;
    const { states, rows } = this;
    const written = writePlan(
      { states, rows, values, ruleCount, classes: tables, sourceRoot: source.root, argumentLists },
      this.limits.blobBytes,
    );
    if (written === undefined) {
      return fail(
        this.tooMuch('KA_PLAN_TOO_LARGE', `the tables are larger than ${this.limits.blobBytes} bytes`),
      );
    }
    return ok({
      blob: written.blob,
      contentHash: written.contentHash,
      rules: [undefined, ...this.matchers.map(({ rule }) => rule)],
      mode: this.input.mode,
      notEnforced: this.numbered.notEnforced,
      size: {
        blobBytes: written.blob.length,
        states: states.length,
        edges: written.edges,
        rows: rows.length - 1,
        sources: labels.value.count,
        automata: Object.fromEntries(
          enforcedClasses.map((cls, at) => [cls, tables[at]!.roots.length]),
        ) as Record<EnforcedClass, number>,
      },
    });
  }

  private tooMuch(code: 'KA_PLAN_TOO_MANY_STATES' | 'KA_PLAN_TOO_LARGE', message: string): PlanError {
    return ruleError(
      code,
      'PlanTooLarge',
      message,
      rulesOfLargestPolicy(this.matchers.map(({ rule }) => rule)),
    );
  }

  private compileClass(cls: EnforcedClass, labels: SourceLabels): Result<ClassTables, PlanError> {
    const own = this.matchers.filter(({ rule }) => rule.class === cls);
    const bySource = Map.groupBy(own, ({ rule }) => rule.source);
    const compiler = new PathCompiler(this.states, this.rows);
    const global = this.compile(compiler, bySource.get(undefined) ?? [], KA_GLOBAL_DFAS - 1);
    if (!global.ok) return global;
    const sourceRoots: (readonly StateId[])[] = [];
    for (const source of labels.paths) {
      const roots = this.compile(compiler, bySource.get(source) ?? [], KA_SOURCE_DFAS - 1);
      if (!roots.ok) return roots;
      sourceRoots.push(roots.value);
    }
    const { postures, mode } = this.input;
    const hasAllow = own.some(({ rule }) => rule.action === 'Allow');
    const unmatched = unmatchedWord(hasAllow, postureOf(cls, postures), mode);
    const blocks = this.rowsThatBlock(false);
    const canBlock = unmatched === Verdict.BLOCK || own.some(({ row }) => blocks(row));
    const writeMatters = own.some(({ rule }) => rule.readOnly);
    return ok({
      roots: global.value,
      sourceRoots,
      unmatched,
      flags:
        (canBlock ? KA_CLASS_CAN_BLOCK : 0) |
        (writeMatters ? KA_CLASS_WRITE_MATTERS : 0) |
        (own.length > 0 ? KA_CLASS_SPEAKS : 0),
    });
  }

  private compile(
    compiler: PathCompiler,
    matchers: readonly RuleMatcher[],
    globAutomata: number,
  ): Result<readonly StateId[], PlanError> {
    const compiled = compiler.compile(matchers, { globAutomata, glob: this.limits.glob });
    if (compiled.ok) return ok(compiled.roots);
    const rules = compiled.tooMany.map((at) => matchers[at]!.rule);
    const shown = rules.slice(0, 5).map((rule) => `"${patternText(rule.pattern)}"`);
    const more = rules.length > shown.length ? ` and ${rules.length - shown.length} more` : '';
    const message = `these globs and the workload's others need more states than ${globAutomata} automata may have: ${shown.join(', ')}${more}`;
    return fail(ruleError('KA_PLAN_GLOBS_EXPLODE', 'PatternsTooComplex', message, rules));
  }

  /** Where the posture blocks, a path that no rule decides counts as blocked. */
  private rowsThatBlock(postureBlocks: boolean): (row: RowId) => boolean {
    return rowsWith(
      this.rows,
      (decide) => (decide & KA_CELL_VERDICT_MASK) === Verdict.BLOCK || (postureBlocks && decide === 0),
    );
  }

  /** The values of the states from `begin` on: `KA_STATE_BLOCKS_BELOW` or 0. Only paths can be renamed. */
  private flagStates(cls: EnforcedClass, begin: StateId, postureBlocks: boolean): Uint8Array {
    if (cls !== 'exec' && cls !== 'file') return new Uint8Array(this.states.length - begin);
    const above = statesAboveBlocks(
      this.states,
      begin,
      this.states.length,
      this.rowsThatBlock(postureBlocks),
    );
    return above.map((isAbove) => (isAbove === 1 ? KA_STATE_BLOCKS_BELOW : 0));
  }
}
