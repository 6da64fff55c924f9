export { FakeClock, createRealClock } from './clock.ts';
export type { Clock } from './clock.ts';
export { ServiceTree } from './service.ts';
export type { Service } from './service.ts';
