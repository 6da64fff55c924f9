import { planWorkload } from '@kubearmor-ts/plan';
import { naiveDecide } from '@kubearmor-ts/plan/testing';
import type { QuestionFile, QuestionSet } from './match-cases.ts';
import { toAccess, toInput, toRule, type VectorFile, type VectorSet } from './match-vector.ts';

/** Questions with the answers of the naive matcher. Only the order of rules that precedence leaves equal is the plan's. */
export const answerFile = ({ about, sets }: QuestionFile): VectorFile => ({
  about,
  sets: sets.map(answerSet),
});

function answerSet(set: QuestionSet): VectorSet {
  const rules = set.rules.map(toRule);
  const input = toInput(rules, set);
  const plan = planWorkload(input);
  if (!plan.ok) throw new Error(plan.error.message);
  const accesses = set.accesses.map((question) => {
    const { verdict, rule } = naiveDecide(input, plan.value.rules, toAccess(question));
    return { ...question, verdict, ...(rule === undefined ? {} : { rule: rules.indexOf(rule) }) };
  });
  return { ...set, accesses };
}

/** One line per rule and per access, so that changes read well. */
export function formatFile({ about, sets }: VectorFile): string {
  const lines = (items: readonly unknown[]): string =>
    items.map((item) => `\n      ${JSON.stringify(item)}`).join(',');
  const texts = sets.map(
    ({ posture, mode, rules, accesses }) =>
      `    {"posture": "${posture}", "mode": "${mode}",\n     "rules": [${lines(rules)}],\n     "accesses": [${lines(accesses)}]}`,
  );
  return `{"about": ${JSON.stringify(about)},\n "sets": [\n${texts.join(',\n')}\n]}\n`;
}
