import type { CodedError } from '@kubearmor-ts/result';

/** Why a pattern or a set of patterns cannot be compiled; `reason` is fit for a condition. */
export const matchErrors = {
  KA_MATCH_EMPTY: 'EmptyPattern',
  KA_MATCH_TOO_LONG: 'PatternTooLong',
  KA_MATCH_TRAILING_BACKSLASH: 'TrailingBackslash',
  KA_MATCH_UNCLOSED_BRACKET: 'UnclosedBracket',
  KA_MATCH_UNOPENED_BRACKET: 'UnopenedBracket',
  KA_MATCH_EMPTY_BRACKET: 'EmptyBracket',
  KA_MATCH_BACKWARD_RANGE: 'BackwardRange',
  KA_MATCH_NON_ASCII_BRACKET: 'NonAsciiBracket',
  KA_MATCH_UNCLOSED_BRACE: 'UnclosedBrace',
  KA_MATCH_UNOPENED_BRACE: 'UnopenedBrace',
  KA_MATCH_NESTED_TOO_DEEP: 'NestedTooDeep',
  KA_MATCH_TOO_MANY_ALTERNATIVES: 'TooManyAlternatives',
  KA_MATCH_SLASH_IN_NAME: 'SlashInName',
  KA_MATCH_NO_PATH: 'NoPathPattern',
} as const;

export type MatchErrorCode = keyof typeof matchErrors;

export interface PatternError extends CodedError {
  readonly code: MatchErrorCode;
  /** The pattern as the policy writes it. */
  readonly object: string;
  /** Counted in characters from 1. */
  readonly column: number;
}

export function patternError(
  code: MatchErrorCode,
  pattern: string,
  column: number,
  what: string,
): PatternError {
  const shown = pattern.length > 200 ? `${pattern.slice(0, 200)}…` : pattern;
  return {
    code,
    reason: matchErrors[code],
    message: `pattern "${shown}", column ${column}: ${what}`,
    object: shown,
    place: `column ${column}`,
    column,
  };
}
