import { KA_ARGS_OWNER_ONLY, Verdict } from '@kubearmor-ts/abi';
import {
  PathCompiler,
  ROW_WORDS,
  type Matcher,
  type OutcomeRows,
  type StateId,
  type StateTable,
} from '@kubearmor-ts/match';
import type { Rule } from '@kubearmor-ts/policy';

/** A rule whose denial of a run depends on the arguments: an Allow rule allows its program with any. */
export type ArgumentRule = Rule & { readonly allowedArgs: readonly string[] };

export function asksForArguments(rule: Rule): rule is ArgumentRule {
  return rule.class === 'exec' && rule.action === 'Block' && rule.allowedArgs !== undefined;
}

/** Where the arguments that a rule lists are looked up, and what else has to hold for them to count. */
export interface ArgumentList {
  readonly root: StateId;
  readonly flags: number;
}

/**
 * Appends the automata of all argument lists; by rule number. A list without any argument has none: it permits nothing.
 * Argument text goes behind a byte of its own, as the trie takes the empty text for the root directory.
 */
export function compileArguments(
  rules: readonly { readonly rule: Rule; readonly number: number }[],
  states: StateTable,
  rows: OutcomeRows,
): ReadonlyMap<number, ArgumentList> {
  const lists = new Map<number, ArgumentList>();
  const asking = rules.filter(({ rule }) => asksForArguments(rule));
  if (asking.length === 0) return lists;
  const utf8 = new TextEncoder();
  const listed = new Uint32Array(ROW_WORDS);
  listed[0] = Verdict.ALLOW;
  const row = rows.intern(listed);
  const compiler = new PathCompiler(states, rows);
  for (const { rule, number } of asking) {
    const matchers = (rule.allowedArgs ?? []).map((text): Matcher => {
      const bytes = utf8.encode(text);
      const path = new Uint8Array(bytes.length + 1);
      path[0] = PREFIX;
      path.set(bytes, 1);
      return { pattern: { kind: 'exact', path }, row };
    });
    const start = compiler.compilePaths(matchers);
    if (start === undefined) continue;
    const flags = rule.ownerOnly ? KA_ARGS_OWNER_ONLY : 0;
    lists.set(number, { root: states.next(start, PREFIX), flags });
  }
  return lists;
}

const PREFIX = 1;

/** Whether a run with this argument vector has listed arguments alone; without the vector nobody can say so. */
export function argumentsListed(
  args: readonly Uint8Array[] | undefined,
  isListed: (argument: Uint8Array) => boolean,
): boolean {
  if (args === undefined || args.length === 0) return false;
  // The name a program is called by need not be listed, unless it is all there is.
  const judged = args.length === 1 ? args : args.slice(1);
  return judged.every(isListed);
}
