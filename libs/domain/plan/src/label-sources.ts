import {
  OutcomeRows,
  PathCompiler,
  ROW_WORDS,
  type Matcher,
  type PathPattern,
  type StateId,
  type StateTable,
} from '@kubearmor-ts/match';
import { fail, ok, type Result } from '@kubearmor-ts/result';
import type { NumberedRule } from './number-rules.ts';
import { ruleError, rulesOfLargestPolicy, type PlanError } from './plan-error.ts';

/** Source executables by label: `paths[0]` is label 1. */
export interface SourceLabels {
  readonly paths: readonly string[];
  readonly count: number;
  /** Appends the automaton that yields labels; `values` are those of the appended states. */
  compile(states: StateTable): { readonly root: StateId | undefined; readonly values: Int32Array };
}

/** Labels in the order of the paths. Sources that no executable can have get none. */
export function labelSources(rules: readonly NumberedRule[], limit: number): Result<SourceLabels, PlanError> {
  const byPath = new Map<string, PathPattern>();
  for (const { rule, source } of rules) if (source?.kind === 'exact') byPath.set(rule.source!, source);
  const paths = [...byPath.keys()].sort();
  if (paths.length > limit) {
    const message = `the rules name ${paths.length} source executables, the limit is ${limit}`;
    const sourced = rules.filter(({ source }) => source !== undefined).map(({ rule }) => rule);
    return fail(
      ruleError('KA_PLAN_TOO_MANY_SOURCES', 'TooManySources', message, rulesOfLargestPolicy(sourced)),
    );
  }
  return ok({
    paths,
    count: paths.length,
    compile: (states) =>
      compileLabels(
        paths.map((path) => byPath.get(path)!),
        states,
      ),
  });
}

/** The label travels as the row's first word until it becomes the value of its state. */
function compileLabels(
  patterns: readonly PathPattern[],
  states: StateTable,
): ReturnType<SourceLabels['compile']> {
  const begin = states.length;
  const rows = new OutcomeRows();
  const matchers: Matcher[] = patterns.map((pattern, at) => {
    const row = new Uint32Array(ROW_WORDS);
    row[0] = at + 1;
    return { pattern, row: rows.intern(row) };
  });
  const root = new PathCompiler(states, rows).compilePaths(matchers);
  const values = new Int32Array(states.length - begin);
  for (let s = begin; s < states.length; s++) {
    values[s - begin] = rows.row(states.row.items[s]!)[0]!;
    states.row.items[s] = 0;
  }
  return { root, values };
}
