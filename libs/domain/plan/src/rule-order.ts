import type { Action, EndpointPattern, Pattern, Rule } from '@kubearmor-ts/policy';
import { asksForArguments } from './argument-lists.ts';
import { endpointText } from './describe-rule.ts';
import { socketTypeWords } from './network-names.ts';
import { refusals } from './outcome.ts';

/*
 * Precedence of rules (decision table of the policy reference, rows 1 and 2), lowest first:
 * source-specific over global, exact over glob and program name over directory, deeper directory over shallower; of
 * network rules endpoint over socket type over protocol, narrower address range over wider, ports over no ports;
 * one directory's own rule over its recursive one, Block over Audit over Allow, the rule that refuses more over the one
 * that refuses less (a plain Block is not undone by a Block with ownerOnly or allowedArgs). What is left is ordered by content, so that
 * the order of input never shows.
 */

const PATTERN_RANK: Record<Pattern['kind'], number> = {
  endpoint: 2,
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

/** ALL stands for every type, and ranks as one. */
const isSocketType = (pattern: Pattern): boolean =>
  pattern.kind === 'word' && (pattern.word === 'ALL' || socketTypeWords.includes(pattern.word));

/** Bits of the address, counted as if all were IPv6; then ports, protocol, direction, each half of what comes before. */
function endpointDepth({ range, ports, protocol, direction }: EndpointPattern): number {
  const bits = range === undefined ? 0 : 1 + range.prefix + (range.bytes.length === 4 ? 96 : 0);
  return (
    8 * bits +
    (ports.length > 0 ? 4 : 0) +
    (protocol === undefined ? 0 : 2) +
    (direction === undefined ? 0 : 1)
  );
}

function rank(rule: Rule): Ranked {
  const { pattern } = rule;
  const isDirectory = pattern.kind === 'directory';
  return {
    rule,
    rank: (rule.source === undefined ? 0 : 4) + PATTERN_RANK[pattern.kind] + (isSocketType(pattern) ? 1 : 0),
    depth: isDirectory ? pattern.dir.length : pattern.kind === 'endpoint' ? endpointDepth(pattern) : 0,
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
    case 'endpoint':
      return endpointText(pattern);
  }
}
