export type { EnforcementPlan, PlanInput } from './enforcement-plan.ts';
