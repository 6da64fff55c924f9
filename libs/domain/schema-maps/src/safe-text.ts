/**
 * Text of an event that may hold anything a file name or a command line can hold, made fit for one line.
 *
 * A control character becomes its visible escape (`\x1b`, `\u2028`); a lone surrogate the replacement character.
 * Text without such characters is unchanged, so a receiver gets back the very value.
 */

/** C0, DEL, C1, line and paragraph separators, and what turns the direction of text for its reader. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Nearly every text of nearly every event: one look instead of two rewrites. */
const plain = /^[ -~]*$/;

export function visibleText(text: string): string {
  if (plain.test(text)) return text;
  return text.toWellFormed().replace(unsafe, visibleEscape);
}

function visibleEscape(char: string): string {
  const code = char.charCodeAt(0);
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

/** In JSON text: the same characters by JSON's own escapes, so the value stays the same. */
export function plainJson(json: string): string {
  if (plain.test(json)) return json;
  return json.toWellFormed().replace(unsafe, (char) => `\\u${hex(char.charCodeAt(0), 4)}`);
}

const hex = (code: number, width: number): string => code.toString(16).padStart(width, '0');

/** At most `max` UTF-16 units, if `max` is 16 or more; a longer text ends in `...[+N]`, N being the units that were cut off. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  for (let kept = Math.max(0, max - 8); ; kept--) {
    const end = isSplitAt(text, kept) ? kept - 1 : kept;
    const cut = `${text.slice(0, Math.max(0, end))}...[+${String(text.length - Math.max(0, end))}]`;
    if (cut.length <= max || end <= 0) return cut;
  }
}

const isSplitAt = (text: string, at: number): boolean =>
  at > 0 && at < text.length && /[\ud800-\udbff]/.test(text.charAt(at - 1));
