export type { Posture, Postures, PolicyMode } from './posture.ts';
export type { Action, Pattern, Place, PolicyId, PolicyKind, Rule, RuleClass } from './rule.ts';
