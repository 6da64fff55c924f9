import { assertNever, fail, ok } from './index.ts';

test('a success carries its value and a failure its error', () => {
  expect(ok(3)).toEqual({ ok: true, value: 3 });
  expect(fail({ code: 'KA_X', reason: 'X', message: 'm' })).toMatchObject({
    ok: false,
    error: { code: 'KA_X' },
  });
});

test('an unhandled variant names itself', () => {
  expect(() => assertNever({ kind: 'new' } as never)).toThrow('{"kind":"new"}');
});
