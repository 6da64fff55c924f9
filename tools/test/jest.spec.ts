import { readJestReport } from './jest.ts';

const report = (status: string, fullName: string) => ({
  numPassedTests: status === 'passed' ? 1 : 0,
  testResults: [
    { name: 'a.spec.ts', status: 'passed', message: '', assertionResults: [{ fullName, status }] },
  ],
});

test('a skipped spec that states its reason is a skip', () => {
  expect(readJestReport(report('pending', 'runs the collector (skipped: no Go toolchain)')).skipped).toEqual([
    { name: 'runs the collector (skipped: no Go toolchain)', reason: 'no Go toolchain' },
  ]);
});

test('a skip without a reason is a failure', () => {
  expect(readJestReport(report('pending', 'runs the collector')).failed).toHaveLength(1);
});

test('a file that does not load is a failure', () => {
  expect(
    readJestReport({
      numPassedTests: 0,
      testResults: [{ name: 'a.spec.ts', status: 'failed', message: 'SyntaxError', assertionResults: [] }],
    }).failed,
  ).toEqual(['a.spec.ts: SyntaxError']);
});
