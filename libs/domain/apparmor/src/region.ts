import { toPathPattern, type GlobToken, type PathPattern, type PatternError } from '@kubearmor-ts/match';
import type { Pattern } from '@kubearmor-ts/policy';
import { ok, type Result } from '@kubearmor-ts/result';
import { literalText, tokensText } from './pattern-text.ts';

export type RegionPattern = Exclude<PathPattern, { readonly kind: 'never' }>;

/** A set of paths with a key: equal keys, equal sets. */
export interface Region {
  readonly key: string;
  readonly pattern: RegionPattern;
}

/** The region of a rule's pattern; undefined when no path lies in it. */
export function toRegion(pattern: Pattern): Result<Region | undefined, PatternError> {
  const parsed = toPathPattern(pattern);
  if (!parsed.ok) return parsed;
  const value = parsed.value;
  if (value.kind === 'never') return ok(undefined);
  const written = value.kind === 'glob' ? absolute(value) : value;
  return ok({
    key: executableTexts(written).join(' ') + (written.kind === 'directory' ? '/' : ''),
    pattern: written,
  });
}

/** Every path begins with a slash: tokens that stand for it, or may be more, are written out. */
function absolute({ alternatives }: Extract<PathPattern, { kind: 'glob' }>): RegionPattern {
  const slash: GlobToken = { kind: 'byte', byte: 0x2f };
  return {
    kind: 'glob',
    alternatives: alternatives.flatMap((tokens) => {
      const [first, ...rest] = tokens;
      if (first?.kind === 'set') return [[slash, ...rest]];
      if (first?.kind !== 'many') return [tokens];
      const second = rest[0];
      const begun = [slash, ...tokens];
      return second?.kind === 'byte' && second.byte === 0x2f ? [rest, begun] : [begun];
    }),
  };
}

/** The names of the kernel's file rules: those of directories end in a slash there. */
export function fileTexts(pattern: RegionPattern): readonly string[] {
  switch (pattern.kind) {
    case 'exact':
      return pattern.path.length === 1 ? ['/'] : [`${literalText(pattern.path)}{,/}`];
    case 'directory': {
      const path = literalText(pattern.path);
      if (path === '') return [pattern.recursive ? '/{,**}' : '/{,*,*/}'];
      return [`${path}{,/,/${pattern.recursive ? '**' : '*'}${pattern.recursive ? '' : ',/*/'}}`];
    }
    case 'glob':
      return pattern.alternatives.flatMap(withDirectories);
  }
}

function withDirectories(tokens: readonly GlobToken[]): readonly string[] {
  const text = tokensText(tokens);
  const last = tokens.at(-1);
  if (last?.kind !== 'many') return [`${text}{,/}`];
  return last.slashes ? [text] : [text, `${text}/`];
}

/** The names of programs: nothing that runs is a directory. */
export function executableTexts(pattern: RegionPattern): readonly string[] {
  switch (pattern.kind) {
    case 'exact':
      return [literalText(pattern.path)];
    case 'directory': {
      const path = literalText(pattern.path);
      return path === ''
        ? [pattern.recursive ? '/{,**}' : '/{,*}']
        : [`${path}{,/${pattern.recursive ? '**' : '*'}}`];
    }
    case 'glob':
      return pattern.alternatives.map(tokensText);
  }
}
