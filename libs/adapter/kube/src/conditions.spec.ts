import { dropCondition, isConditionTrue, setCondition } from './index.ts';
import type { Condition } from './index.ts';

const second = 1000;
const ready = (more: Partial<Condition> = {}) => ({
  type: 'Ready',
  status: 'True' as const,
  reason: 'AllReady',
  message: '3 of 3',
  observedGeneration: 1,
  ...more,
});

test('saying the same again changes nothing, so nothing is written', () => {
  const first = setCondition([], ready(), 0);
  expect(setCondition(first, ready(), 60 * second)).toBe(first);
});

test('the transition time moves with the status and with nothing else', () => {
  const first = setCondition([], ready(), 0);
  const told = setCondition(first, ready({ message: '4 of 4', observedGeneration: 2 }), 60 * second);
  expect(told[0]).toMatchObject({
    message: '4 of 4',
    observedGeneration: 2,
    lastTransitionTime: '1970-01-01T00:00:00Z',
  });
  const lost = setCondition(told, ready({ status: 'False', reason: 'AgentGone' }), 90 * second);
  expect(lost[0]).toMatchObject({ status: 'False', lastTransitionTime: '1970-01-01T00:01:30Z' });
});

test('conditions keep their order and can be dropped', () => {
  const both = setCondition(setCondition([], ready(), 0), ready({ type: 'Degraded', status: 'False' }), 0);
  expect(setCondition(both, ready({ status: 'False' }), 0).map(({ type }) => type)).toEqual([
    'Ready',
    'Degraded',
  ]);
  expect(dropCondition(both, 'Ready').map(({ type }) => type)).toEqual(['Degraded']);
  expect(dropCondition(both, 'Unknown')).toBe(both);
});

test('a condition about an older generation is not true of a newer one', () => {
  const conditions = setCondition([], ready(), 0);
  expect(isConditionTrue(conditions, 'Ready', 1)).toBe(true);
  expect(isConditionTrue(conditions, 'Ready', 2)).toBe(false);
});
