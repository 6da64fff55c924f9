export { createAuthority } from './authority.ts';
export type { Authority, LeafOptions } from './authority.ts';
