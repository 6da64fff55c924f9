import { fault } from './errors.ts';
import { initialState, step } from './reflector-machine.ts';
import type { ReflectorEffect, ReflectorInput, ReflectorState } from './reflector-machine.ts';

const run = (inputs: readonly ReflectorInput[]): readonly [ReflectorState, readonly ReflectorEffect[]] =>
  inputs.reduce<readonly [ReflectorState, readonly ReflectorEffect[]]>(
    ([state], input) => step(state, input),
    [initialState, []],
  );

const start: ReflectorInput = { kind: 'start', from: 'any' };
const lastPage: ReflectorInput = { kind: 'page', resourceVersion: '7', continueToken: '' };
const failed = (code: Parameters<typeof fault>[0], retryAfterMs?: number): ReflectorInput => ({
  kind: 'failed',
  fault: fault(code, 'x', retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const resumed: ReflectorInput = { kind: 'resumed' };

test('a list in pages is put in place at its last page and watched from its version', () => {
  const [, first] = run([start, { kind: 'page', resourceVersion: '7', continueToken: 'next' }]);
  expect(first).toEqual([
    { kind: 'keep-page' },
    { kind: 'list', from: 'any', continueToken: 'next', inOnePiece: false },
  ]);
  const [state, last] = run([start, lastPage]);
  expect(last).toEqual([{ kind: 'keep-page' }, { kind: 'commit' }, { kind: 'watch', resourceVersion: '7' }]);
  expect(state.phase.kind).toBe('watching');
});

test('a watch that ended properly goes on at once from the newest version, a bookmark included', () => {
  const [, effects] = run([
    start,
    lastPage,
    { kind: 'progress', resourceVersion: '9' },
    { kind: 'ended', wasUseful: true },
  ]);
  expect(effects).toEqual([{ kind: 'watch', resourceVersion: '9' }]);
});

test('a watch that ends at once again and again is not opened without growing pauses', () => {
  let inputs: ReflectorInput[] = [start, lastPage];
  for (const failures of [1, 2, 3]) {
    inputs = [...inputs, { kind: 'ended', wasUseful: false }];
    expect(run(inputs)[1]).toEqual([{ kind: 'pause', failures, atLeastMs: 0 }]);
    inputs = [...inputs, resumed];
  }
});

test('410 relists from the newest at once, and with pauses when it comes again', () => {
  const [, first] = run([start, lastPage, failed('KA_KUBE_GONE')]);
  expect(first).toEqual([
    { kind: 'discard-pages' },
    { kind: 'list', from: 'newest', continueToken: '', inOnePiece: false },
  ]);
  const [, second] = run([start, lastPage, failed('KA_KUBE_GONE'), lastPage, failed('KA_KUBE_GONE')]);
  expect(second).toEqual([{ kind: 'pause', failures: 2, atLeastMs: 0 }]);
});

test('429 and 503 wait for as long as the server asks and then go on with the same request', () => {
  const [, paused] = run([start, lastPage, failed('KA_KUBE_TOO_MANY', 4000)]);
  expect(paused).toEqual([{ kind: 'pause', failures: 1, atLeastMs: 4000 }]);
  const [, again] = run([start, lastPage, failed('KA_KUBE_TOO_MANY', 4000), resumed]);
  expect(again).toEqual([{ kind: 'watch', resourceVersion: '7' }]);
  const page: ReflectorInput = { kind: 'page', resourceVersion: '7', continueToken: 'next' };
  const [, listing] = run([start, page, failed('KA_KUBE_SERVER'), resumed]);
  expect(listing).toEqual([{ kind: 'list', from: 'any', continueToken: 'next', inOnePiece: false }]);
});

test('a continue token that expires twice is followed by a list in one piece', () => {
  const page: ReflectorInput = { kind: 'page', resourceVersion: '7', continueToken: 'next' };
  const once = [start, page, failed('KA_KUBE_GONE'), resumed];
  expect(run(once)[1].at(-1)).toEqual({ kind: 'list', from: 'newest', continueToken: '', inOnePiece: false });
  const twice = [...once, page, failed('KA_KUBE_GONE'), resumed];
  expect(run(twice)[1].at(-1)).toEqual({ kind: 'list', from: 'newest', continueToken: '', inOnePiece: true });
});

test('nothing follows a stop', () => {
  for (const input of [start, lastPage, resumed, failed('KA_KUBE_GONE')])
    expect(run([start, { kind: 'stop' }, input])).toEqual([{ phase: { kind: 'stopped' }, failures: 0 }, []]);
});
