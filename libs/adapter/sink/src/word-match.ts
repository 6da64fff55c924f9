/**
 * Whether a word is wanted: it is one of the patterns (when any is positive) and none of those that begin with `!`.
 * `*` stands for any run of characters. The time is linear in the word for each pattern.
 */
export function createWordMatch(patterns: readonly string[]): (word: string) => boolean {
  const unwanted = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'));
  return (word) =>
    (wanted.length === 0 || wanted.some((pattern) => isMatch(pattern, word))) &&
    !unwanted.some((pattern) => isMatch(pattern, word));
}

function isMatch(pattern: string, word: string): boolean {
  const parts = pattern.split('*');
  if (parts.length === 1) return pattern === word;
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (!word.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = word.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return word.length - at >= last.length && word.endsWith(last);
}
