import type { ByteSet, GlobToken } from '@kubearmor-ts/match';

/*
 * Names and patterns as text between the double quotes of a profile.
 *  1. The lexer decodes octal escapes before anything else looks at the text, but leaves `\` before the characters that
 *     mean something to globs (parser_misc.c, processunquoted); so these get a backslash and odd bytes three digits. It
 *     finds the end of quoted text by the last character alone: a backslash is written as a number too.
 *  2. `@{` begins a variable even when the `@` came out of an escape; a literal `{` never follows bare, so only a brace
 *     choice could. A set of one byte stands for `@` in patterns.
 *  3. `\-` and `\,` do not protect inside brackets. Sets that hold such bytes are written as a choice.
 *  4. An inverted set would take NUL, which ends the first of two names in the kernel's rules for links.
 */

const GLOB_BYTES = new Set(Array.from('*?[]{}^,', (char) => char.charCodeAt(0)));
const PLAIN = /[A-Za-z0-9/._~:=+%!&;<>$()|' -]/;
const SLASH = 0x2f;

/** A byte that means only itself. */
export function literalByte(byte: number): string {
  const char = String.fromCharCode(byte);
  if (GLOB_BYTES.has(byte)) return `\\${char}`;
  return PLAIN.test(char) ? char : octal(byte);
}

/** Exact names: the parser ranks them above patterns when transitions meet, so nothing in them may look like one. */
export function literalText(bytes: Uint8Array): string {
  return Array.from(bytes, literalByte).join('');
}

/** One pattern; its beginning is made absolute, as the parser reads no other. */
export function tokensText(tokens: readonly GlobToken[]): string {
  let text = '';
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'byte') text += token.byte === 0x40 ? '[\\100]' : literalByte(token.byte);
    else if (token.kind === 'many') {
      const stars = token.slashes ? '**' : '*';
      // Bare stars at the end would take at least one byte here; these were said to take any number.
      text +=
        text.endsWith('/') && at === tokens.length - 1 && tokens[at - 1]?.kind === 'byte'
          ? `{,${stars}}`
          : stars;
    } else if (isComponentStart(tokens, at)) continue;
    else text += setText(token.set);
  }
  return text;
}

/** `/*` and `/**` at the end of a component take at least one byte by themselves. */
function isComponentStart(tokens: readonly GlobToken[], at: number): boolean {
  const [before, here, many, after] = [tokens[at - 1], tokens[at], tokens[at + 1], tokens[at + 2]];
  return (
    before?.kind === 'byte' &&
    before.byte === SLASH &&
    here?.kind === 'set' &&
    isNoSlash(here.set) &&
    many?.kind === 'many' &&
    (after === undefined || (after.kind === 'byte' && after.byte === SLASH))
  );
}

const isNoSlash = ({ inverted, members }: ByteSet): boolean =>
  inverted && members.length === 1 && members[0] === SLASH;

export function setText(set: ByteSet): string {
  if (isNoSlash(set)) return '?';
  if (set.members.every(isSafeInBrackets)) {
    const listed = set.members.map(bracketByte).join('');
    return set.inverted ? `[^\\000${listed}]` : `[${listed}]`;
  }
  return choiceText(set);
}

/** Every byte of the set in ranges between harmless bytes, the harmful ones beside them. */
function choiceText(set: ByteSet): string {
  const members = new Set(set.members);
  const single: string[] = [];
  let ranges = '';
  let from = 0;
  const close = (to: number): void => {
    if (from !== 0) ranges += from === to ? bracketByte(from) : `${bracketByte(from)}-${bracketByte(to)}`;
    from = 0;
  };
  for (let byte = 1; byte <= 0x100; byte++) {
    const isMember = byte < 0x100 && members.has(byte) !== set.inverted;
    if (isMember && isSafeInBrackets(byte)) {
      if (from === 0) from = byte;
      continue;
    }
    close(byte - 1);
    if (isMember) single.push(literalByte(byte));
  }
  const choices = ranges === '' ? single : [`[${ranges}]`, ...single];
  return choices.length === 1 ? choices[0]! : `{${choices.join(',')}}`;
}

const isSafeInBrackets = (byte: number): boolean => !/[-\]^\\,[{}*?"]/.test(String.fromCharCode(byte));

function bracketByte(byte: number): string {
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9/._]/.test(char) ? char : octal(byte);
}

const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
