import { readFileSync, writeFileSync } from 'node:fs';

const marks = (section: string): readonly [string, string] => [
  `<!-- begin ${section} -->`,
  `<!-- end ${section} -->`,
];

/** Puts a section's text between its marks and leaves all else as a person wrote it. */
export function replaceSection(document: string, section: string, text: string): string {
  const [begin, end] = marks(section);
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no place for ${section}: ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${document.slice(to)}`;
}

export function writeSection(file: string, section: string, text: string): void {
  writeFileSync(file, replaceSection(readFileSync(file, 'utf8'), section, text));
}
