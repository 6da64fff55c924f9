/** Bounds on what a policy text can make us allocate; each has its own coded error. */
export interface ParseLimits {
  readonly maxBytes: number;
  readonly maxDocuments: number;
  /** Nesting of maps and lists; the deepest field of any kind lies at 9. */
  readonly maxDepth: number;
  /** Words and signs of one document; dense nonsense costs far more memory a byte than any policy. */
  readonly maxLexemes: number;
  /** Values that YAML aliases and merge keys add to one document. */
  readonly maxAliasValues: number;
  /** Rules of one policy, after comma lists and sources are multiplied out. */
  readonly maxRules: number;
  /** Findings kept for one document; further ones are only counted. */
  readonly maxFindings: number;
}

export const defaultLimits: ParseLimits = {
  maxBytes: 16 * 1024 * 1024,
  maxDocuments: 20_000,
  maxDepth: 64,
  maxLexemes: 4_000_000,
  maxAliasValues: 50_000,
  maxRules: 250_000,
  maxFindings: 200,
};
