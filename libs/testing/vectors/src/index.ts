export { loadMatchVectors } from './match-vector.ts';
export type { MatchVector, VectorAccess, VectorFile, VectorRule, VectorSet } from './match-vector.ts';
