export { behaviourClasses, behaviourOf, outcomes } from './behaviour-of.ts';
export type { Behaviour, BehaviourClass, Outcome } from './behaviour-of.ts';
export { eventTimeMs } from './event-time.ts';
export { repeatKey } from './repeat-key.ts';
export { workloadOf } from './workload-of.ts';
export type { Workload } from './workload-of.ts';
