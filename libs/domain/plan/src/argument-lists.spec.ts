import { CellLayout, KA_CELL_RULE_SHIFT, PlanLayout, RowLayout } from '@kubearmor-ts/abi';
import type { PolicyMode, Rule } from '@kubearmor-ts/policy';
import { decide, planWorkload, type Access, type EnforcementPlan } from './index.ts';
import { aRule, anAccess, anInput } from './rules.testing.ts';

function planned(rules: readonly Rule[], mode: PolicyMode = 'enabled'): EnforcementPlan {
  const result = planWorkload(anInput(rules, 'audit', mode));
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const verdict = (plan: EnforcementPlan, path: string, more: Partial<Omit<Access, 'source'>>) =>
  decide(plan, anAccess(path, more)).verdict;
const argv = (...args: readonly string[]) => args.map((arg) => Buffer.from(arg));

test.each([
  ['a listed argument', ['python3', '-m'], 'allow'],
  ['listed arguments in any order and number', ['python3', 'random', '-m', 'random'], 'allow'],
  ['one argument beside the listed ones', ['python3', '-m', 'pydoc'], 'block'],
  ['the beginning of a listed argument', ['python3', '-m', 'rand'], 'block'],
  ['more than a listed argument', ['python3', '-m', 'randomly'], 'block'],
  ['an empty argument that is not listed', ['python3', '-m', ''], 'block'],
  ['no argument at all', ['python3'], 'block'],
  ['nothing but a name that is listed', ['-m'], 'allow'],
  ['not even a name', [], 'block'],
  ['21 listed arguments', ['python3', ...Array<string>(21).fill('-m')], 'allow'],
] as const)('a Block with allowedArgs answers %s', (_, args, expected) => {
  const plan = planned([
    aRule('Block', '/usr/bin/python3', { class: 'exec', allowedArgs: ['-m', 'random'] }),
  ]);
  const asked = { class: 'exec', args: argv(...args) } as const;
  expect(verdict(plan, '/usr/bin/python3', asked)).toBe(expected);
  expect(verdict(plan, '/usr/bin/other', asked)).toBe('none');
});

test('arguments are told apart to their last byte, however long, and the empty one can be listed', () => {
  const long = 'x'.repeat(5000);
  const plan = planned([aRule('Block', '/p', { class: 'exec', allowedArgs: [long, '', '/'] })]);
  const asked = (...args: readonly string[]) => verdict(plan, '/p', { class: 'exec', args: argv(...args) });
  expect(asked('p', long, '', '/')).toBe('allow');
  expect(asked('p', `${long}x`)).toBe('block');
  expect(asked('p', long.slice(1))).toBe('block');
});

test('a run whose arguments are not known is blocked by a rule that asks for them', () => {
  const plan = planned([aRule('Block', '/p', { class: 'exec', allowedArgs: ['-m'] })]);
  expect(verdict(plan, '/p', { class: 'exec' })).toBe('block');
});

test('the row of listed arguments is one that the enforcer takes: no cell names a rule that is not there', () => {
  const { blob } = planned([aRule('Block', '/p', { class: 'exec', allowedArgs: ['-m'] })]);
  const view = new DataView(blob.buffer);
  const rows = view.getUint32(PlanLayout.rows, true);
  const count = view.getUint32(PlanLayout.rowCount, true);
  expect(count).toBe(2);
  for (let at = rows; at < rows + count * RowLayout.sizeBytes; at += CellLayout.sizeBytes) {
    expect(view.getUint32(at, true) >>> KA_CELL_RULE_SHIFT).toBeLessThanOrEqual(1);
    expect(view.getUint32(at + CellLayout.audit, true)).toBe(0);
  }
});

test('an Allow rule allows its program with any arguments', () => {
  const plan = planned([aRule('Allow', '/p', { class: 'exec', allowedArgs: ['-m'] })]);
  expect(verdict(plan, '/p', { class: 'exec', args: argv('p', '-x') })).toBe('allow');
});

test('with ownerOnly, listed arguments are for the owner alone', () => {
  const plan = planned([aRule('Block', '/p', { class: 'exec', ownerOnly: true, allowedArgs: ['-m'] })]);
  const asked = (owner: boolean, arg: string) =>
    verdict(plan, '/p', { class: 'exec', owner, args: argv('p', arg) });
  expect(asked(true, '-m')).toBe('allow');
  expect(asked(true, '-x')).toBe('block');
  expect(asked(false, '-m')).toBe('block');
});

test('a plain Block is not undone by a Block with allowedArgs', () => {
  const plan = planned([
    aRule('Block', '/p', { class: 'exec', allowedArgs: ['-m'] }),
    aRule('Block', '/p', { class: 'exec' }),
  ]);
  expect(verdict(plan, '/p', { class: 'exec', args: argv('p', '-m') })).toBe('block');
});

test('audited, a run with unlisted arguments is reported and one with listed arguments is not', () => {
  const rule = aRule('Block', '/p', { class: 'exec', allowedArgs: ['-m'] });
  const plan = planned([rule], 'audited');
  const asked = (arg: string) => verdict(plan, '/p', { class: 'exec', args: argv('p', arg) });
  expect(asked('-x')).toBe('report');
  expect(asked('-m')).toBe('allow');
});
