export { components } from './components.ts';
export type { ComponentName } from './components.ts';
export { rulesOf } from './rules.ts';
export type { PolicyRule } from './rules.ts';
export type { ComponentRights, Right, RightCondition, Verb } from './right.ts';
