import type { AttackResult } from './attack-round.ts';
import type { Limit } from './limits-table.ts';
import { complaint, idleLimits } from './verdict.ts';

const result = (got: AttackResult['got']): AttackResult => ({
  attack: 'hard-link',
  goal: 'read',
  got,
  errno: 'EPERM',
  detail: 'link',
});
const limit: Limit = {
  attack: 'hard-link',
  goals: ['read'],
  policies: ['block'],
  places: ['host'],
  reason: 'only for this test',
};
const onHost = { policy: 'block', place: 'host' } as const;

test.each([
  ['escaped', 'denied', [], undefined],
  ['escaped', 'escaped', [limit], undefined],
  ['impossible', 'impossible', [], undefined],
  ['impossible', 'denied', [], undefined],
  ['impossible', 'impossible', [limit], undefined],
  ['escaped', 'escaped', [], /ESCAPED by link/],
  ['impossible', 'escaped', [], /ESCAPED/],
  ['escaped', 'denied', [limit], /take the row out/],
  ['escaped', 'impossible', [], /otherwise than by denial: EPERM/],
  ['denied', 'denied', [], /proves nothing/],
  ['broken', 'denied', [], /did not report/],
  ['escaped', 'broken', [], /did not report/],
] as const)('without a policy %s, with it %s, limits %j', (control, guarded, limits, expected) => {
  const said = complaint(result(control), result(guarded), onHost, limits);
  if (expected === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(expected);
});

test('a limit for another place does not excuse', () => {
  expect(
    complaint(result('escaped'), result('escaped'), { policy: 'block', place: 'container' }, [limit]),
  ).toMatch(/ESCAPED/);
});

test('names rows for attacks that do not exist', () => {
  expect(idleLimits([limit], [{ attack: 'hard-link', goals: ['read', 'exec'] }])).toEqual([]);
  expect(idleLimits([limit], [{ attack: 'hard-link', goals: ['exec'] }])).toHaveLength(1);
  expect(idleLimits([limit], [])).toHaveLength(1);
});
