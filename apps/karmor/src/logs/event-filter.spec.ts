import { Alert, Log } from '@kubearmor-ts/proto';
import { createEventFilter } from './event-filter.ts';
import type { FilterTexts } from './event-filter.ts';

const alert = Alert.create({
  NamespaceName: 'Bakery',
  PodName: 'oven-1',
  ContainerName: 'oven',
  Operation: 'File',
  Type: 'MatchedPolicy',
  PolicyName: 'guard-token',
  Source: '/bin/Cat x',
  Resource: '/run/token',
  Labels: 'app=oven,tier=web',
});

const passes = (texts: FilterTexts, event: Alert | Log = alert): boolean => {
  const filter = createEventFilter(texts);
  if (!filter.ok) throw new Error(filter.error);
  return filter.value(event);
};

test.each<[FilterTexts, boolean]>([
  [{}, true],
  [{ namespace: '^bak' }, true],
  [{ namespace: '^ery' }, false],
  [{ operation: 'file|process' }, true],
  [{ operation: 'network' }, false],
  [{ logType: 'containerlog' }, false],
  [{ type: 'matched' }, true],
  [{ container: 'OVEN$' }, true],
  [{ pod: 'oven-[0-9]' }, true],
  [{ policy: 'TOKEN' }, true],
  [{ policy: 'other' }, false],
  [{ source: 'cat' }, false],
  [{ source: 'Cat' }, true],
  [{ resource: '/run/.*' }, true],
  [{ resource: '/RUN' }, false],
  [{ labels: ['tier=web', 'x=y'] }, true],
  [{ labels: ['tier=we'] }, false],
  [{ namespace: 'bak', resource: 'nowhere' }, false],
])('%j passes: %s', (texts, expected) => {
  expect(passes(texts)).toBe(expected);
});

test('an event without labels passes a label filter, a log has no policy', () => {
  expect(passes({ labels: ['a=b'] }, Log.create({ Type: 'HostLog' }))).toBe(true);
  expect(passes({ policy: 'x' }, Log.create({ Type: 'HostLog' }))).toBe(false);
});

test('a broken expression names its flag', () => {
  expect(createEventFilter({ pod: '(' })).toMatchObject({
    ok: false,
    error: expect.stringContaining('--pod is not a regular expression'),
  });
});

test('an expression made to explode does not', () => {
  const event = Alert.create({ Resource: `${'a'.repeat(5000)}!` });
  const before = performance.now();
  expect(passes({ resource: '^(a+)+$' }, event)).toBe(false);
  expect(performance.now() - before).toBeLessThan(1000);
});
