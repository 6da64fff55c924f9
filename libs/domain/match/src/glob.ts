import { fail, ok, type Result } from '@kubearmor-ts/result';
import { patternError, type MatchErrorCode, type PatternError } from './errors.ts';

/*
 * AppArmor's globs over bytes.
 *  1. `?`, `[…]` and `[^…]` take one byte; `?` never a slash, `[^…]` also a slash (as AppArmor's parser compiles it).
 *  2. `*` takes any bytes but slashes, `**` any bytes. A run of stars between a slash and a slash or
 *     the end takes at least one byte, and its first is no slash: `/etc/**` matches neither `/etc/` nor `/etc`.
 *  3. A character beyond ASCII is its UTF-8 bytes. Inside brackets it would be several bytes where one is meant: refused.
 *  4. NUL is in no path and in no set.
 */

export const SLASH = 0x2f;

/** What one position of a path may be. `many` repeats it any number of times, none included. */
export type GlobToken =
  | { readonly kind: 'byte'; readonly byte: number }
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'many'; readonly slashes: boolean };

/** `inverted`: every byte but those listed. Members are sorted and unique. */
export interface ByteSet {
  readonly inverted: boolean;
  readonly members: readonly number[];
}

type Node = GlobToken | { readonly kind: 'choice'; readonly branches: readonly (readonly Node[])[] };

export const MAX_PATTERN_BYTES = 4095;
const MAX_ALTERNATIVES = 1024;
const MAX_EXPANDED_TOKENS = 65_536;
const MAX_NESTING = 50;

export const NO_SLASH: ByteSet = { inverted: true, members: [SLASH] };

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

class Malformed extends Error {
  readonly detail: PatternError;
  constructor(detail: PatternError) {
    super(detail.message);
    this.detail = detail;
  }
}

/** One recursive descent over the text; leaves by `Malformed`, which never leaves this file. */
class GlobParser {
  private at = 0;
  private readonly chars: readonly string[];
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
    this.chars = Array.from(text);
  }

  parse(): readonly Node[] {
    return this.sequence(0);
  }

  private refuse(code: MatchErrorCode, index: number, what: string): never {
    throw new Malformed(patternError(code, this.text, index + 1, what));
  }

  private sequence(depth: number): readonly Node[] {
    const nodes: Node[] = [];
    while (this.at < this.chars.length) {
      const char = this.chars[this.at]!;
      if (depth > 0 && (char === ',' || char === '}')) return nodes;
      switch (char) {
        case '\\':
          if (this.at + 1 >= this.chars.length) {
            this.refuse(
              'KA_MATCH_TRAILING_BACKSLASH',
              this.at,
              'a backslash must be followed by the character it protects',
            );
          }
          pushText(nodes, this.chars[this.at + 1]!);
          this.at += 2;
          break;
        case '?':
          nodes.push({ kind: 'set', set: NO_SLASH });
          this.at += 1;
          break;
        case '*':
          this.stars(nodes);
          break;
        case '[':
          nodes.push({ kind: 'set', set: this.bracket() });
          break;
        case ']':
          return this.refuse(
            'KA_MATCH_UNOPENED_BRACKET',
            this.at,
            '"]" closes nothing; write "\\]" for the character',
          );
        case '{':
          nodes.push(this.choice(depth + 1));
          break;
        case '}':
          return this.refuse(
            'KA_MATCH_UNOPENED_BRACE',
            this.at,
            '"}" closes nothing; write "\\}" for the character',
          );
        default:
          pushText(nodes, char);
          this.at += 1;
      }
    }
    return nodes;
  }

  private stars(nodes: Node[]): void {
    const begin = this.at;
    while (this.chars[this.at] === '*') this.at += 1;
    const next = this.chars[this.at];
    if (this.chars[begin - 1] === '/' && (next === '/' || next === undefined))
      nodes.push({ kind: 'set', set: NO_SLASH });
    nodes.push({ kind: 'many', slashes: this.at - begin > 1 });
  }

  private bracket(): ByteSet {
    const open = this.at;
    this.at += 1;
    const inverted = this.chars[this.at] === '^';
    if (inverted) this.at += 1;
    const members = new Set<number>();
    while (this.chars[this.at] !== ']') {
      const from = this.bracketByte(open);
      if (this.chars[this.at] === '-' && this.chars[this.at + 1] !== ']' && this.at + 1 < this.chars.length) {
        const dash = this.at;
        this.at += 1;
        const to = this.bracketByte(open);
        if (to < from) this.refuse('KA_MATCH_BACKWARD_RANGE', dash, 'the range runs backwards');
        for (let byte = from; byte <= to; byte++) members.add(byte);
      } else {
        members.add(from);
      }
    }
    this.at += 1;
    members.delete(0);
    if (members.size === 0)
      this.refuse('KA_MATCH_EMPTY_BRACKET', open, 'brackets must hold at least one character');
    return { inverted, members: [...members].sort((a, b) => a - b) };
  }

  private bracketByte(open: number): number {
    if (this.chars[this.at] === '\\') this.at += 1;
    const char = this.chars[this.at];
    if (char === undefined)
      return this.refuse(
        'KA_MATCH_UNCLOSED_BRACKET',
        open,
        '"[" is never closed; write "\\[" for the character',
      );
    const code = char.codePointAt(0)!;
    if (code > 0x7f) {
      this.refuse(
        'KA_MATCH_NON_ASCII_BRACKET',
        this.at,
        `"${char}" is several bytes and brackets match one; write {…,…} instead`,
      );
    }
    this.at += 1;
    return code;
  }

  private choice(depth: number): Node {
    const open = this.at;
    if (depth > MAX_NESTING)
      this.refuse('KA_MATCH_NESTED_TOO_DEEP', open, `braces nest deeper than ${MAX_NESTING}`);
    const branches: (readonly Node[])[] = [];
    do {
      this.at += 1;
      branches.push(this.sequence(depth));
    } while (this.chars[this.at] === ',');
    if (this.chars[this.at] !== '}')
      this.refuse('KA_MATCH_UNCLOSED_BRACE', open, '"{" is never closed; write "\\{" for the character');
    this.at += 1;
    return { kind: 'choice', branches };
  }
}

function pushText(nodes: Node[], char: string): void {
  for (const byte of utf8(char)) nodes.push({ kind: 'byte', byte });
}

/** Writes braces out. Undefined when that gets out of hand. */
function expand(nodes: readonly Node[]): GlobToken[][] | undefined {
  let prefixes: GlobToken[][] = [[]];
  for (const node of nodes) {
    if (node.kind !== 'choice') {
      for (const prefix of prefixes) prefix.push(node);
      continue;
    }
    const branches: GlobToken[][] = [];
    for (const branch of node.branches) {
      const expanded = expand(branch);
      if (expanded === undefined) return undefined;
      branches.push(...expanded);
    }
    if (prefixes.length * branches.length > MAX_ALTERNATIVES) return undefined;
    const grown: GlobToken[][] = [];
    let tokens = 0;
    for (const prefix of prefixes) {
      for (const branch of branches) {
        tokens += prefix.length + branch.length;
        if (tokens > MAX_EXPANDED_TOKENS) return undefined;
        grown.push([...prefix, ...branch]);
      }
    }
    prefixes = grown;
  }
  return prefixes;
}

/** `**` swallows the stars beside it, `*` swallows another `*`. */
function joinStars(tokens: readonly GlobToken[]): readonly GlobToken[] {
  const joined: GlobToken[] = [];
  for (const token of tokens) {
    const last = joined.at(-1);
    if (token.kind !== 'many' || last?.kind !== 'many') joined.push(token);
    else if (token.slashes) joined[joined.length - 1] = token;
  }
  return joined;
}

/** A glob as the list of its brace-free alternatives. */
export function parseGlob(text: string): Result<readonly (readonly GlobToken[])[], PatternError> {
  if (text === '') return fail(patternError('KA_MATCH_EMPTY', text, 1, 'the pattern is empty'));
  const tooLong = checkLength(text);
  if (tooLong !== undefined) return fail(tooLong);
  let nodes: readonly Node[];
  try {
    nodes = new GlobParser(text).parse();
  } catch (error) {
    if (error instanceof Malformed) return fail(error.detail);
    throw error;
  }
  const alternatives = expand(nodes);
  if (alternatives === undefined) {
    return fail(
      patternError(
        'KA_MATCH_TOO_MANY_ALTERNATIVES',
        text,
        text.indexOf('{') + 1,
        `braces stand for more than ${MAX_ALTERNATIVES} patterns`,
      ),
    );
  }
  return ok(alternatives.map(joinStars));
}

export function checkLength(text: string): PatternError | undefined {
  if (text.length <= MAX_PATTERN_BYTES / 3 || utf8(text).length <= MAX_PATTERN_BYTES) return undefined;
  return patternError(
    'KA_MATCH_TOO_LONG',
    text,
    MAX_PATTERN_BYTES + 1,
    `no path is longer than ${MAX_PATTERN_BYTES} bytes`,
  );
}
