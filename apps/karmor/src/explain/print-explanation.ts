import type { ExplainedRule, Explanation, Question } from './explain-access.ts';

const MOST_LINES = 10;

export const explanationJson = (explanation: Explanation, problems: readonly string[]): string =>
  `${JSON.stringify({ ...explanation, problems }, null, 2)}\n`;

export function explanationText(explanation: Explanation, question: Question): string {
  const { verdict, rule, runnersUp, otherwise, applied, skipped, plan } = explanation;
  const lines = [`${meaning[verdict]}: ${describeQuestion(explanation.object, question)}`];
  if (rule !== undefined) lines.push(...ruleLines('by', rule));
  else if (explanation.decidedBy === 'defaultPosture')
    lines.push(
      `  by the default posture (${question.posture}): the class has an Allow rule, and no rule matches`,
    );
  else lines.push('  no rule matches, and the class has no Allow rule');
  if (otherwise !== undefined)
    lines.push(`  but ${meaning[otherwise.verdict]} when ${otherwise.when} (--owner, --uid)`);
  lines.push(
    ...limited(
      runnersUp.flatMap((one) => ruleLines('then', one)),
      'rules',
    ),
  );
  lines.push(
    ...limited(
      explanation.notEnforced.map(
        ({ policy, place, message }) => `  note: ${policy}${at(place)}: ${message}`,
      ),
      'notes',
    ),
  );
  lines.push(
    ...limited(
      explanation.refused.map(
        ({ policy, message, code, place }) => `  refused: ${policy}${at(place)}: ${message} [${code}]`,
      ),
      'refused',
    ),
  );
  lines.push(
    ...limited(
      skipped.map(({ policy, reason }) => `  not for this workload: ${policy}: ${reason}`),
      'policies',
    ),
  );
  lines.push(
    `  plan ${plan.contentHash}: ${counted(plan.rules, 'rule', 'rules')} of ${counted(applied.length, 'policy', 'policies')}, ${plan.states} states, ${plan.blobBytes} bytes`,
  );
  return `${lines.join('\n')}\n`;
}

const meaning = {
  none: 'allow (nothing speaks about it)',
  allow: 'allow',
  audit: 'audit (passes, with an alert)',
  report: 'audit (passes, with an alert that it would be blocked)',
  block: 'block',
} as const;

function describeQuestion(object: string, { operation, write, source, tty, args }: Question): string {
  const what = {
    exec: `execute ${object}`,
    open: `open ${object} for ${write ? 'writing' : 'reading'}`,
    capability: `use ${object}`,
    connect: `connect to ${object}`,
    accept: `be called by ${object}`,
  }[operation];
  const given = args === undefined ? '' : ` with arguments ${JSON.stringify(args)}`;
  return `${what}${given}${source === undefined ? '' : ` from ${source}`}${tty ? ' with a terminal' : ''}`;
}

function ruleLines(
  word: string,
  { number, policy, place, action, pattern, source, flags, severity, message, says }: ExplainedRule,
): readonly string[] {
  const from = source === undefined ? '' : ` from ${source}`;
  const more = flags.length === 0 ? '' : ` (${flags.join(', ')})`;
  const own = word === 'by' ? '' : says === 'none' ? ', silent here' : `, says ${says}`;
  const line = `  ${word} rule ${number}, ${action} ${pattern}${from}${more}: ${policy}${at(place)}${own}`;
  if (word !== 'by') return [line];
  return [
    line,
    ...(severity > 0 ? [`     severity ${severity}${message === '' ? '' : `, "${message}"`}`] : []),
  ];
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

const at = (place: string | undefined): string => (place === undefined ? '' : ` at ${place}`);

function limited(lines: readonly string[], what: string): readonly string[] {
  if (lines.length <= MOST_LINES) return lines;
  return [...lines.slice(0, MOST_LINES), `  … ${lines.length - MOST_LINES} more ${what}, --json shows all`];
}
