import type { PolicyMode, Posture, Postures, Rule, RuleClass } from '@kubearmor-ts/policy';

/** Everything that decides what a workload may do; equal inputs give byte-equal plans. */
export interface PlanInput {
  /** Rules of all policies that select the workload, in any order: precedence does not depend on it. */
  readonly rules: readonly Rule[];
  readonly postures: Postures;
  /** `audited`: what would be blocked is reported and passes. */
  readonly mode: PolicyMode;
}

/** One compiled answer for a workload. */
export interface EnforcementPlan {
  /** `struct ka_plan` and its tables, position-independent, little-endian; a multiple of 64 bytes. */
  readonly blob: Uint8Array;
  /** First 8 bytes of the SHA-256 over the blob with this field zero; equal tables are loaded once. */
  readonly contentHash: bigint;
  /** By rule number as the kernel reports it; precedence rises with the number. Number 0 is the default posture. */
  readonly rules: readonly (Rule | undefined)[];
  readonly mode: PolicyMode;
  /** What the tables do not do as the policies ask; each is shown to the user. */
  readonly notEnforced: readonly NotEnforced[];
  readonly size: PlanSize;
}

/** Classes that the tables decide, by their index in a plan. */
export const enforcedClasses = [
  'exec',
  'file',
  'capability',
  'network',
] as const satisfies readonly RuleClass[];
export type EnforcedClass = (typeof enforcedClasses)[number];

export const isEnforced = (ruleClass: RuleClass): ruleClass is EnforcedClass =>
  (enforcedClasses as readonly RuleClass[]).includes(ruleClass);

/** The posture that answers for what no rule of the class names. */
export const postureOf = (ruleClass: EnforcedClass, postures: Postures): Posture =>
  postures[postureKeys[ruleClass]];

const postureKeys = {
  exec: 'file',
  file: 'file',
  capability: 'capabilities',
  network: 'network',
} as const satisfies Record<EnforcedClass, keyof Postures>;

export interface NotEnforced {
  readonly rule: Rule;
  readonly reason: NotEnforcedReason;
  /** What that means for the user, one sentence. */
  readonly message: string;
}

export type NotEnforcedReason =
  /** The rule is of another class; it is not in the tables. */
  | 'ClassNotEnforced'
  /** The rule is in the plan, but no path can ever match it. */
  | 'PatternNotAbsolute'
  | 'PathNotCanonical'
  | 'PatternEndsInSlash'
  /** The same: the word names nothing that the kernel knows. */
  | 'UnknownWord'
  /** The same for its source. */
  | 'SourceNeverMatches';

export interface PlanSize {
  readonly blobBytes: number;
  readonly states: number;
  readonly edges: number;
  readonly rows: number;
  readonly sources: number;
  /** Automata walked for a caller without a label. */
  readonly automata: Readonly<Record<EnforcedClass, number>>;
}
