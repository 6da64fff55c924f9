/** One document of a YAML stream: a slice of the text. */
export interface DocumentSlice {
  readonly start: number;
  readonly end: number;
}

const marker = /^---(?=[ \t\r\n]|$)/gm;

/**
 * Cuts a stream at its `---` lines, which YAML forbids inside any value. Each slice is parsed alone, so a syntax error
 * cannot swallow the documents after it. Slices without content (blank, comments only) are left out.
 */
export function splitDocuments(text: string): DocumentSlice[] {
  const cuts = [...text.matchAll(marker)].map((match) => match.index);
  const starts = cuts[0] === 0 ? cuts : [0, ...cuts];
  return starts
    .map((start, i) => ({ start, end: starts[i + 1] ?? text.length }))
    .filter(({ start, end }) => hasContent(text, start, end));
}

function hasContent(text: string, start: number, end: number): boolean {
  let at = text.startsWith('---', start) ? start + 3 : start;
  while (at < end) {
    const lineEnd = Math.min(end, indexOrEnd(text, at));
    const line = text
      .slice(at, Math.min(lineEnd, at + 4096))
      .replace(/^\uFEFF/, '')
      .trim();
    if (line !== '' && !line.startsWith('#') && line !== '...') return true;
    at = lineEnd + 1;
  }
  return false;
}

function indexOrEnd(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at === -1 ? text.length : at;
}
