import { readFile } from 'node:fs/promises';
import { parseLimits } from './limits-table.ts';

const table = (row: string): string =>
  `# Limits\n\n<!-- evasion-limits -->\n\n| attack | goals | policies | places | why |\n| --- | --- | --- | --- | --- |\n${row}\n\nMore text | with bars |\n`;

test('reads rows with lists and "any"', () => {
  expect(
    parseLimits(table('| `copy-then-exec` | exec | block | container, host | a copy has another path |')),
  ).toEqual([
    {
      attack: 'copy-then-exec',
      goals: ['exec'],
      policies: ['block'],
      places: ['container', 'host'],
      reason: 'a copy has another path',
    },
  ]);
  expect(parseLimits(table('| `x` | any | any | any | because it is so |'))[0]).toMatchObject({
    goals: ['read', 'exec', 'write'],
    policies: ['block', 'allow-list'],
  });
});

test.each([
  ['| x | any | any | any | because it is so |', /:7: a row is/],
  ['| `x` | any | any | any | short |', /:7: a row is/],
  ['| `x` | run | any | any | because it is so |', /:7: "run" is none of read, exec, write, any/],
  ['| `x` | any | any | moon | because it is so |', /:7: "moon" is none of/],
])('refuses the row %s with its line', (row, message) => {
  expect(() => parseLimits(table(row))).toThrow(message);
});

test('says when the table is missing', () => {
  expect(() => parseLimits('# Limits\n')).toThrow(/no line "<!-- evasion-limits -->"/);
});

test('understands every row of the published limits', async () => {
  const published = await readFile(new URL('../../docs/limits.md', import.meta.url), 'utf8');
  expect(() => parseLimits(published)).not.toThrow();
});
