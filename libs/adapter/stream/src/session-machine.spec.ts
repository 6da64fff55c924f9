import { stepSession, steadyMs } from './session-machine.ts';
import type { SessionInput, SessionState } from './session-machine.ts';

const run = (...inputs: SessionInput[]) => {
  let state: SessionState = { kind: 'idle' };
  const effects: unknown[] = [];
  for (const input of inputs) {
    const [next, out] = stepSession(state, input);
    state = next;
    effects.push(...out);
  }
  return { state, effects };
};
const failed = (nowMs: number): SessionInput => ({ kind: 'failed', nowMs, cause: 'x' });

test('a follower connects once and streams', () => {
  expect(run({ kind: 'start' }, { kind: 'start' }, { kind: 'opened', nowMs: 5 })).toEqual({
    state: { kind: 'streaming', failures: 0, sinceMs: 5 },
    effects: [{ kind: 'connect' }],
  });
});

test('pauses grow with failures in a row, also when the peer accepts and ends at once', () => {
  const { effects } = run(
    { kind: 'start' },
    failed(1),
    { kind: 'slept' },
    { kind: 'opened', nowMs: 10 },
    failed(11),
    { kind: 'slept' },
    failed(12),
  );
  expect(effects.filter((effect) => (effect as { kind: string }).kind === 'pause')).toEqual([
    { kind: 'pause', failures: 1 },
    { kind: 'pause', failures: 2 },
    { kind: 'pause', failures: 3 },
  ]);
});

test('a connection that lasted starts the row anew', () => {
  const { state } = run(
    { kind: 'start' },
    failed(0),
    { kind: 'slept' },
    { kind: 'opened', nowMs: 0 },
    failed(steadyMs),
  );
  expect(state).toMatchObject({ kind: 'waiting', failures: 1 });
});

test('a stop ends every state, and disconnects where there is a connection', () => {
  expect(run({ kind: 'start' }, { kind: 'stop' }, { kind: 'slept' }, failed(1))).toEqual({
    state: { kind: 'stopped' },
    effects: [{ kind: 'connect' }, { kind: 'disconnect' }],
  });
  expect(run({ kind: 'stop' }).effects).toEqual([]);
});

test('inputs that do not fit the state change nothing', () => {
  expect(run({ kind: 'slept' }, { kind: 'opened', nowMs: 1 })).toEqual({
    state: { kind: 'idle' },
    effects: [],
  });
  expect(run({ kind: 'start' }, failed(1), { kind: 'opened', nowMs: 2 }).state.kind).toBe('waiting');
});
