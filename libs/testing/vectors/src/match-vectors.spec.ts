import { readFileSync } from 'node:fs';
import { decide, planWorkload } from '@kubearmor-ts/plan';
import { answerFile, formatFile } from './answer.ts';
import { questionFiles } from './match-cases.ts';
import { loadMatchVectors, matchFolder } from './match-vector.ts';

const vectors = loadMatchVectors();

test.each(Object.keys(questionFiles))('the tables answer the vectors of %s', (name) => {
  const own = vectors.filter(({ file }) => file === `${name}.json`);
  expect(own.length).toBeGreaterThan(0);
  for (const { set, input, accesses } of own) {
    const plan = planWorkload(input);
    if (!plan.ok) throw new Error(plan.error.message);
    for (const [at, { access, verdict, rule }] of accesses.entries()) {
      const decided = decide(plan.value, access);
      expect({ set, at, verdict: decided.verdict, rule: decided.rule }).toEqual({ set, at, verdict, rule });
    }
  }
});

test.each(Object.entries(questionFiles))(
  'the committed vectors of %s are those of the naive matcher',
  (name, file) => {
    expect(readFileSync(new URL(`${name}.json`, matchFolder), 'utf8')).toBe(formatFile(answerFile(file)));
  },
);

test('there are thousands of accesses, and every verdict is among them', () => {
  const verdicts = vectors.flatMap(({ accesses }) => accesses.map(({ verdict }) => verdict));
  expect(verdicts.length).toBeGreaterThan(3000);
  expect(new Set(verdicts)).toEqual(new Set(['none', 'allow', 'audit', 'report', 'block']));
});
