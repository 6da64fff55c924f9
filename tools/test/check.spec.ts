import { checkStage } from './check.ts';

const script = (text: string) => checkStage('a check', process.execPath, ['-e', text]);

test('a check that holds counts as passed', async () => {
  expect(await script('')).toEqual({ passed: 1, failed: [], skipped: [] });
});

test('a check that cannot be made here counts as skipped, with the reason it ends with', async () => {
  expect(await script('console.log("looking\\nno helm"); process.exit(77)')).toEqual({
    passed: 0,
    failed: [],
    skipped: [{ name: 'a check', reason: 'no helm' }],
  });
});

test('any other end is a failure', async () => {
  expect(await script('process.exit(76)')).toMatchObject({ passed: 0, failed: ['a check: exit 76'] });
});
