export { FakeEnforcer } from './fake-enforcer.ts';
export type { FakeEvent, FakeWorkload } from './fake-enforcer.ts';
