import { differs } from './match-alert.ts';

const alert = { PolicyName: 'p', Resource: '/usr/bin/apt update', UID: 0 };

test('resource and source are found by a part, other fields compared', () => {
  expect(differs({ PolicyName: 'p', Resource: '/usr/bin/apt' }, alert)).toBeUndefined();
  expect(differs({ PolicyName: 'po' }, alert)).toBe('PolicyName is "p", not "po"');
});

test('an empty expectation means the field is absent', () => {
  expect(differs({ Severity: '' }, alert)).toBeUndefined();
  expect(differs({ PolicyName: '' }, alert)).toBe('PolicyName is "p", not ""');
});
