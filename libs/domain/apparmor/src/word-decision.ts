import type { Posture, PolicyMode, Rule } from '@kubearmor-ts/policy';

/** What the rules of a class of words say about one object. */
export type WordVerdict = 'open' | 'allow' | 'deny' | 'unmatched';

export interface WordDecision {
  readonly verdict: WordVerdict;
  readonly isAudited: boolean;
}

export interface WordClass {
  /** From the lowest precedence to the highest. */
  readonly rules: readonly Rule[];
  /** What no rule covers is allowed. */
  readonly isOpen: boolean;
  readonly onlyReports: boolean;
}

export function wordClass(
  ordered: readonly Rule[],
  cls: 'network' | 'capability',
  posture: Posture,
  mode: PolicyMode,
): WordClass {
  const rules = ordered.filter((rule) => rule.class === cls);
  const onlyReports = mode === 'audited';
  const hasAllow = rules.some(({ action }) => action === 'Allow');
  return { rules, onlyReports, isOpen: !hasAllow || onlyReports || posture !== 'block' };
}

/** The highest rule decides; an Audit rule above it reports what passes. */
export function decideWord(
  { rules, isOpen, onlyReports }: WordClass,
  source: string | undefined,
  matches: (rule: Rule) => boolean,
): WordDecision {
  let decider: Rule | undefined;
  let isAudited = false;
  for (const rule of rules) {
    if ((rule.source !== undefined && rule.source !== source) || !matches(rule)) continue;
    if (rule.action === 'Audit') isAudited = true;
    else {
      decider = rule;
      isAudited = false;
    }
  }
  const denies = decider?.action === 'Block';
  if (denies && onlyReports) return { verdict: 'open', isAudited: true };
  if (denies) return { verdict: 'deny', isAudited: false };
  if (decider !== undefined) return { verdict: 'allow', isAudited };
  return { verdict: isOpen ? 'open' : 'unmatched', isAudited: isAudited && isOpen };
}
