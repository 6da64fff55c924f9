import { describePattern } from '@kubearmor-ts/plan';
import { policyTitle, type Place, type PolicyId, type Rule } from '@kubearmor-ts/policy';

/** What AppArmor makes of a rule that it cannot take at its word. */
export type ConditionEffect =
  /** Nothing of it is enforced or reported. */
  | 'NotEnforced'
  /** It refuses more than it says. */
  | 'Stricter'
  /** It refuses less than it says. */
  | 'Weaker'
  /** It decides as it says, but not every report it asks for is made. */
  | 'Unreported';

export type ConditionReason =
  | 'ClassNotExpressible'
  | 'PresetNotExpressible'
  | 'PatternMalformed'
  | 'PatternNeverMatches'
  | 'SourceNeverMatches'
  | 'SourceNeedsPrivileges'
  | 'SourceEnteredByExec'
  | 'DenyWins'
  | 'ArgumentsUnknown'
  | 'TerminalUnknown'
  | 'CreatorIsOwner'
  | 'AuditIncomplete'
  | 'PostureUnreported'
  | 'ProtocolByType'
  | 'UnknownWord'
  | 'RawTextRefused'
  | 'RawTextUnattributed';

/** Something that the profile does not do as its policy asks; never silence. */
export interface Condition {
  readonly policy: PolicyId;
  /** Absent where it is about the policy's preset or raw text. */
  readonly rule?: Rule;
  readonly reason: ConditionReason;
  readonly effect: ConditionEffect;
  /** One sentence for the policy's author. */
  readonly message: string;
  readonly place?: Place;
}

/** Gathers conditions, each once. */
export class Conditions {
  private readonly found = new Map<string, Condition>();

  get list(): readonly Condition[] {
    return [...this.found.values()];
  }

  rule(rule: Rule, reason: ConditionReason, effect: ConditionEffect, message: string): void {
    const subject = `${rule.action} rule on ${shorten(describePattern(rule.pattern))}`;
    this.add({
      policy: rule.policy,
      rule,
      reason,
      effect,
      message: `${subject}: ${message}`,
      ...(rule.place === undefined ? {} : { place: rule.place }),
    });
  }

  /** About all of a policy's rules of a kind: told by its first one. */
  policy(rule: Rule, reason: ConditionReason, effect: ConditionEffect, message: string): void {
    this.add({ policy: rule.policy, rule, reason, effect, message }, '');
  }

  add(condition: Condition, subject = `${condition.message}\0${placeText(condition.place)}`): void {
    const key = `${policyTitle(condition.policy)}\0${condition.reason}\0${subject}`;
    if (!this.found.has(key)) this.found.set(key, condition);
  }
}

export const ruleTitle = (rule: Rule): string =>
  `${rule.action} rule of ${policyTitle(rule.policy)} on ${shorten(describePattern(rule.pattern))}`;

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
const placeText = (place: Place | undefined): string =>
  place === undefined ? '' : `${place.file ?? ''}:${place.line}:${place.column}`;
