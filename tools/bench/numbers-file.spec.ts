import { replaceSection } from './numbers-file.ts';
import { table } from './markdown-table.ts';

const document =
  'Head\n\n<!-- begin a -->\n\nold\n\n<!-- end a -->\n\nProse\n\n<!-- begin b -->\n<!-- end b -->\n';

test('a section is replaced between its marks, and again, with nothing else touched', () => {
  const once = replaceSection(document, 'a', 'new\n');
  expect(once).toBe(document.replace('old', 'new'));
  expect(replaceSection(once, 'a', 'new')).toBe(once);
});

test('a document without a place for the section is refused, not extended', () => {
  expect(() => replaceSection(document, 'c', 'x')).toThrow('no place for c');
});

test('figures stand right with thousands apart, words left', () => {
  expect(
    table(
      ['what', 'count'],
      [
        ['opens', 12345],
        ['an exec', 7],
      ],
    ),
  ).toBe('| what    |  count |\n| ------- | -----: |\n| opens   | 12,345 |\n| an exec |      7 |');
});
