export { assertNever } from './assert-never.ts';
export { fail, ok } from './result.ts';
export type { CodedError, Result } from './result.ts';
