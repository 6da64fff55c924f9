import type { Pattern } from '@kubearmor-ts/policy';
import { fail, ok, type Result } from '@kubearmor-ts/result';
import { patternError, type PatternError } from './errors.ts';
import { checkLength, parseGlob, SLASH, utf8, type GlobToken } from './glob.ts';

/** Why a well-formed pattern matches nothing: no path that the kernel can build, or a word that it has no object for. */
export type NeverReason = 'PatternNotAbsolute' | 'PathNotCanonical' | 'PatternEndsInSlash' | 'UnknownWord';

/** A pattern ready to be compiled: a place in the path trie, or alternatives of tokens. */
export type PathPattern =
  | { readonly kind: 'exact'; readonly path: Uint8Array }
  | { readonly kind: 'directory'; readonly path: Uint8Array; readonly recursive: boolean }
  | { readonly kind: 'glob'; readonly alternatives: readonly (readonly GlobToken[])[] }
  | { readonly kind: 'never'; readonly reason: NeverReason };

/** The path language of a rule's pattern. Relative and non-canonical patterns are no error: they match nothing. */
export function toPathPattern(pattern: Pattern): Result<PathPattern, PatternError> {
  switch (pattern.kind) {
    case 'exact': {
      const wrong = checkText(pattern.path);
      if (wrong !== undefined) return fail(wrong);
      const never = pattern.path === '/' ? undefined : neverReason(pattern.path);
      return ok(
        never === undefined ? { kind: 'exact', path: utf8(pattern.path) } : { kind: 'never', reason: never },
      );
    }
    case 'directory': {
      const wrong = checkText(pattern.dir);
      if (wrong !== undefined) return fail(wrong);
      const bare = pattern.dir.endsWith('/') ? pattern.dir.slice(0, -1) : pattern.dir;
      const never = bare === '' ? undefined : neverReason(bare);
      if (never !== undefined) return ok({ kind: 'never', reason: never });
      return ok({ kind: 'directory', path: utf8(bare), recursive: pattern.recursive });
    }
    case 'glob': {
      const parsed = parseGlob(pattern.glob);
      return parsed.ok ? ok(keepPossible(parsed.value)) : parsed;
    }
    case 'execname': {
      const wrong = checkText(pattern.name);
      if (wrong !== undefined) return fail(wrong);
      const slash = pattern.name.indexOf('/');
      if (slash >= 0)
        return fail(
          patternError('KA_MATCH_SLASH_IN_NAME', pattern.name, slash + 1, 'a program name holds no slash'),
        );
      return ok({ kind: 'glob', alternatives: [nameTokens(pattern.name)] });
    }
    case 'word':
    case 'endpoint':
      return fail(
        patternError(
          'KA_MATCH_NO_PATH',
          pattern.kind === 'word' ? pattern.word : pattern.kind,
          1,
          'only paths, directories, globs and program names match paths',
        ),
      );
  }
}

function checkText(text: string): PatternError | undefined {
  return text === '' ? patternError('KA_MATCH_EMPTY', text, 1, 'the pattern is empty') : checkLength(text);
}

/** The kernel builds paths from directory entries: absolute, no empty component, no "." nor "..", no slash at the end. */
function neverReason(path: string): NeverReason | undefined {
  if (!path.startsWith('/')) return 'PatternNotAbsolute';
  return /\/(?:\.{0,2})(?:\/|$)/.test(path) ? 'PathNotCanonical' : undefined;
}

function keepPossible(alternatives: readonly (readonly GlobToken[])[]): PathPattern {
  const absolute = alternatives.filter((tokens) => tokens.length > 0 && mayBeSlash(tokens[0]!));
  if (absolute.length === 0) return { kind: 'never', reason: 'PatternNotAbsolute' };
  const open = absolute.filter((tokens) => tokens.length === 1 || !isSlash(tokens[tokens.length - 1]!));
  return open.length === 0
    ? { kind: 'never', reason: 'PatternEndsInSlash' }
    : { kind: 'glob', alternatives: open };
}

function isSlash(token: GlobToken): boolean {
  return token.kind === 'byte' && token.byte === SLASH;
}

function mayBeSlash(token: GlobToken): boolean {
  if (token.kind === 'byte') return token.byte === SLASH;
  if (token.kind === 'set') return token.set.inverted !== token.set.members.includes(SLASH);
  return token.slashes;
}

function nameTokens(name: string): readonly GlobToken[] {
  const tokens: GlobToken[] = [
    { kind: 'many', slashes: true },
    { kind: 'byte', byte: SLASH },
  ];
  for (const byte of utf8(name)) tokens.push({ kind: 'byte', byte });
  return tokens;
}
