import { toPathPattern, type NeverReason, type PathPattern, type PatternError } from '@kubearmor-ts/match';
import type { Rule } from '@kubearmor-ts/policy';
import { fail, ok, type Result } from '@kubearmor-ts/result';
import { isEnforced, type NotEnforced, type PlanInput } from './enforcement-plan.ts';
import { endpointPattern, socketPattern } from './network-names.ts';
import { capabilityPattern } from './capability-names.ts';
import { rulesOfLargestPolicy, ruleError, type PlanError } from './plan-error.ts';
import type { PlanLimits } from './plan-limits.ts';
import { orderRules, patternText } from './rule-order.ts';

/** A rule of the tables with its number, its pattern and that of its source, ready to be compiled. */
export interface NumberedRule {
  readonly rule: Rule;
  readonly number: number;
  readonly pattern: PathPattern;
  readonly source: PathPattern | undefined;
}

export interface NumberedRules {
  readonly rules: readonly NumberedRule[];
  readonly notEnforced: readonly NotEnforced[];
}

/** Gives every rule that the tables decide its number and says which ones they do not decide as asked. */
export function numberRules(input: PlanInput, limits: PlanLimits): Result<NumberedRules, PlanError> {
  if (input.mode === 'disabled') return ok({ rules: [], notEnforced: [] });
  const numbered: NumberedRule[] = [];
  const notEnforced: NotEnforced[] = [];
  for (const rule of orderRules(input.rules)) {
    if (!isEnforced(rule.class)) {
      const message = `rules of class ${rule.class} are not part of the tables`;
      notEnforced.push({ rule, reason: 'ClassNotEnforced', message });
      continue;
    }
    const patterns = rulePatterns(rule);
    if (!patterns.ok) return patterns;
    numbered.push({ rule, number: numbered.length + 1, ...patterns.value });
    notEnforced.push(...shortcomings(rule, patterns.value));
  }
  if (numbered.length > limits.rules) {
    const message = `${numbered.length} rules bear on one workload, the limit is ${limits.rules}`;
    const rules = rulesOfLargestPolicy(numbered.map(({ rule }) => rule));
    return fail(ruleError('KA_PLAN_TOO_MANY_RULES', 'TooManyRules', message, rules));
  }
  return ok({ rules: numbered, notEnforced });
}

type RulePatterns = Pick<NumberedRule, 'pattern' | 'source'>;

/** The pattern and the source of a rule of an enforced class, or what is wrong with them. */
export function rulePatterns(rule: Rule): Result<RulePatterns, PlanError> {
  const pattern = objectPattern(rule);
  if (!pattern.ok) return fail(malformed(rule, '', pattern.error));
  if (rule.source === undefined) return ok({ pattern: pattern.value, source: undefined });
  const source = toPathPattern({ kind: 'exact', path: rule.source });
  if (!source.ok) return fail(malformed(rule, 'source ', source.error));
  return ok({ pattern: pattern.value, source: source.value });
}

function objectPattern({ class: cls, pattern, action }: Rule): Result<PathPattern, PatternError> {
  if (cls === 'capability' && pattern.kind === 'word') return ok(capabilityPattern(pattern.word));
  if (cls === 'network' && pattern.kind === 'word') return ok(socketPattern(pattern.word, action));
  if (cls === 'network' && pattern.kind === 'endpoint') return ok(endpointPattern(pattern, action));
  return toPathPattern(pattern);
}

function malformed(rule: Rule, what: string, error: PatternError): PlanError {
  return ruleError(error.code, error.reason, `${what}${error.message}`, [rule], error);
}

function shortcomings(rule: Rule, { pattern, source }: RulePatterns): readonly NotEnforced[] {
  const found: NotEnforced[] = [];
  if (pattern.kind === 'never') {
    found.push({
      rule,
      reason: pattern.reason,
      message: neverMessage(patternText(rule.pattern), pattern.reason),
    });
  }
  if (source?.kind === 'never') {
    found.push({
      rule,
      reason: 'SourceNeverMatches',
      message: `source ${neverMessage(rule.source!, source.reason)}`,
    });
  }
  return found;
}

function neverMessage(text: string, reason: NeverReason): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  switch (reason) {
    case 'PatternNotAbsolute':
      return `"${shown}" matches nothing: it does not begin with a slash, and every path does`;
    case 'PathNotCanonical':
      return `"${shown}" matches nothing: no path ends in a slash or holds an empty, "." or ".." component`;
    case 'UnknownWord':
      return `"${shown}" matches nothing: the kernel knows nothing of this name`;
    case 'PatternEndsInSlash':
      return `"${shown}" matches nothing: it ends in a slash, and no path does; a directory rule may be meant`;
  }
}
