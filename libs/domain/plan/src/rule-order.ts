import type { Action, Pattern, Rule } from '@kubearmor-ts/policy';
import { asksForArguments } from './argument-lists.ts';
import { refusals } from './outcome.ts';

/*
 * Precedence of rules (decision table of the policy reference, rows 1 and 2), lowest first:
 * source-specific over global, exact over glob and program name over directory, deeper directory over shallower,
 * one directory's own rule over its recursive one, Block over Audit over Allow, the rule that refuses more over the one
 * that refuses less (a plain Block is not undone by a Block with ownerOnly or allowedArgs). What is left is ordered by content, so that
 * the order of input never shows.
 */

const PATTERN_RANK: Record<Pattern['kind'], number> = {
  word: 0,
  directory: 1,
  glob: 2,
  execname: 2,
  exact: 3,
};
const ACTION_RANK: Record<Action, number> = { Allow: 0, Audit: 1, Block: 2 };

interface Ranked {
  readonly rule: Rule;
  readonly rank: number;
  readonly depth: number;
  readonly recursive: boolean;
  readonly strictness: number;
  readonly text: string;
  content: string | undefined;
}

/** Rules from the lowest to the highest precedence, each content once. */
export function orderRules(rules: readonly Rule[]): readonly Rule[] {
  const ranked = rules.map(rank).sort(compare);
  return ranked.filter((one, at) => at === 0 || compare(ranked[at - 1]!, one) !== 0).map(({ rule }) => rule);
}

function rank(rule: Rule): Ranked {
  const { pattern } = rule;
  const isDirectory = pattern.kind === 'directory';
  return {
    rule,
    rank: (rule.source === undefined ? 0 : 4) + PATTERN_RANK[pattern.kind],
    depth: isDirectory ? pattern.dir.length : 0,
    recursive: isDirectory && pattern.recursive,
    strictness: refusals(rule) - (asksForArguments(rule) ? 0.5 : 0),
    text: patternText(pattern),
    content: undefined,
  };
}

function compare(a: Ranked, b: Ranked): number {
  return (
    a.rank - b.rank ||
    a.depth - b.depth ||
    Number(b.recursive) - Number(a.recursive) ||
    ACTION_RANK[a.rule.action] - ACTION_RANK[b.rule.action] ||
    a.strictness - b.strictness ||
    compareText(a.text, b.text) ||
    compareText(contentOf(a), contentOf(b))
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function contentOf(ranked: Ranked): string {
  return (ranked.content ??= ruleContent(ranked.rule));
}

/** Everything a rule says, in a fixed order of fields. */
function ruleContent(rule: Rule): string {
  const { policy, place } = rule;
  return JSON.stringify([
    rule.class,
    rule.pattern.kind,
    patternText(rule.pattern),
    rule.source ?? '',
    rule.ownerOnly,
    rule.readOnly,
    rule.onlyTerminal,
    rule.allowedArgs ?? null,
    rule.action,
    policy.kind,
    policy.namespace,
    policy.name,
    rule.severity,
    rule.tags,
    rule.message,
    place?.file ?? '',
    place?.line ?? 0,
    place?.column ?? 0,
  ]);
}

export function patternText(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'exact':
      return pattern.path;
    case 'directory':
      return pattern.dir;
    case 'glob':
      return pattern.glob;
    case 'execname':
      return pattern.name;
    case 'word':
      return pattern.word;
  }
}
