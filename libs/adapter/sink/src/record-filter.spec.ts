import { Alert, Log } from '@kubearmor-ts/proto';
import { createRecordFilter, isRedactableField } from './index.ts';
import type { FilterSpec, SinkRecord } from './index.ts';
import { createWordMatch } from './word-match.ts';

const record: SinkRecord = {
  kind: 'alerts',
  event: Alert.create({
    NamespaceName: 'shop',
    PolicyName: 'protect-shop',
    Severity: '5',
    Action: 'Block',
    Operation: 'File',
  }),
};
const log: SinkRecord = { kind: 'logs', event: Log.create({ NamespaceName: 'shop', Operation: 'File' }) };

test.each<[FilterSpec, boolean, boolean]>([
  [{}, true, true],
  [{ kinds: ['alerts'] }, true, false],
  [{ minSeverity: 5 }, true, false],
  [{ minSeverity: 6 }, false, false],
  [{ actions: ['Audit', 'Block'] }, true, false],
  [{ actions: ['Audit'] }, false, false],
  [{ namespaces: ['sh*'] }, true, true],
  [{ namespaces: ['!shop'] }, false, false],
  [{ namespaces: ['*', '!kube-*'] }, true, true],
  [{ policies: ['protect-*'] }, true, false],
  [{ operations: ['File'] }, true, true],
  [{ operations: ['Network'] }, false, false],
  [{ operations: ['File'], minSeverity: 9 }, false, false],
])('%j lets an alert pass: %s, a log: %s', (spec, alertPasses, logPasses) => {
  const filter = createRecordFilter(spec, 0);
  expect(filter(record, 0)).toBe(alertPasses ? 'pass' : 'filtered');
  expect(filter(log, 0)).toBe(logPasses ? 'pass' : 'filtered');
});

test('a rate refills with time, and a clock that steps back neither gives nor takes', () => {
  const filter = createRecordFilter({ rate: { perSecond: 10, burst: 1 } }, 1000);
  expect(filter(record, 1000)).toBe('pass');
  expect(filter(record, 1050)).toBe('suppressed');
  expect(filter(record, 1150)).toBe('pass');
  expect(filter(record, 0)).toBe('suppressed');
  expect(filter(record, 100)).toBe('pass');
});

test('a severity that is no number counts as none', () => {
  const odd: SinkRecord = { kind: 'alerts', event: Alert.create({ Severity: 'high' }) };
  expect(createRecordFilter({ minSeverity: 1 }, 0)(odd, 0)).toBe('filtered');
});

test.each([
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'acb', false],
  ['*', '', true],
  ['ab*ba', 'aba', false],
  ['**', 'x', true],
  ['', '', true],
  ['a.c', 'abc', false],
])('the pattern %j matches %j: %s', (pattern, word, isMatch) => {
  expect(createWordMatch([pattern])(word)).toBe(isMatch);
});

test.each([
  ['Source', true],
  ['Severity', true],
  ['Owner.Name', true],
  ['EventData.Lsm', true],
  ['Nothing', false],
  ['Source.x', false],
  ['Owner.', false],
  ['Owner.Name.x', false],
  ['__proto__', false],
  ['constructor', false],
])('%s can be redacted: %s', (path, isKnown) => {
  expect(isRedactableField(path)).toBe(isKnown);
});
