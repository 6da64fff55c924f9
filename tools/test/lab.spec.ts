import { LabError } from '../../e2e/lab/index.ts';
import { readSuite } from './lab.ts';

const result = (status: 'passed' | 'failed' | 'skipped', reason?: string) => ({
  scenario: 's',
  name: 'n',
  status,
  ms: 1,
  ...(reason === undefined ? {} : { reason }),
});

test('counts what the guest reported', () => {
  const tally = readSuite({
    kernel: '6.1',
    results: [result('passed'), result('failed', 'why'), result('skipped', 'no pods')],
  });
  expect(tally).toEqual({
    passed: 1,
    failed: ['lab 6.1: s: n: why'],
    skipped: [{ name: 'lab 6.1: s: n', reason: 'no pods' }],
  });
});

test('a skip without a reason and a lost guest are failures', () => {
  const tally = readSuite({
    kernel: '6.1',
    results: [result('skipped')],
    failure: new LabError('KA_LAB_HANG', 'no answer'),
    consoleFile: '/x',
  });
  expect(tally.failed).toEqual(['lab 6.1: s: n', 'lab 6.1: no answer (console: /x)']);
});
