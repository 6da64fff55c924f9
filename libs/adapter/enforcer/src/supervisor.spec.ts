import type { FrameHello } from '@kubearmor-ts/abi';
import { step } from './index.ts';
import type { Effect, Input, State } from './index.ts';
import { fault } from './errors.ts';

const hello: FrameHello = {
  size: 208,
  kind: 48,
  abiVersion: 1,
  seq: 0n,
  hooks: 0n,
  numbering: 1n,
  taken: [0n, 0n],
  open: [0n, 0n],
  produced: [0n, 0n],
  waiting: [0n, 0n],
  arenaSize: 0n,
  adopted: 0,
  workloadCount: 1,
  build: Buffer.alloc(32),
  kernel: Buffer.from('6.12'),
};
const error = fault('KA_ENFORCER_GONE', 'gone');
const workload = { workload: 1, revision: 2, contentHash: 3n, key: 'k' };

const run = (
  inputs: readonly Input[],
  from: State = { kind: 'stopped' },
): { state: State; effects: Effect[] } => {
  let state = from;
  const effects: Effect[] = [];
  for (const input of inputs) {
    const [next, made] = step(state, input);
    state = next;
    effects.push(...made);
  }
  return { state, effects };
};

test('serves once hello, workloads and ready have come', () => {
  const { state, effects } = run([
    { kind: 'start' },
    { kind: 'hello', hello },
    { kind: 'workload', workload },
    { kind: 'ready' },
  ]);
  expect(state).toMatchObject({ kind: 'running', hello: { restored: [workload] } });
  expect(effects).toEqual(['spawn', 'reset-backoff', 'ready']);
});

test.each<[string, Input, State['kind'], Effect[]]>([
  [
    'starts again after an exit that may pass',
    { kind: 'exited', error, canRetry: true },
    'waiting',
    ['arm-retry'],
  ],
  [
    'gives up after an exit that will repeat',
    { kind: 'exited', error, canRetry: false },
    'failed',
    ['give-up'],
  ],
  [
    'kills a process that makes no sense',
    { kind: 'broken', error, canRetry: true },
    'waiting',
    ['kill', 'arm-retry'],
  ],
  ['ends the process when stopped', { kind: 'stop' }, 'stopped', ['end']],
])('%s', (_, input, kind, effects) => {
  for (const before of [
    { kind: 'starting' },
    { kind: 'greeted', hello, restored: [] },
    { kind: 'running', hello: { ...hello, restored: [] } },
  ] as State[]) {
    expect(run([input], before)).toMatchObject({ state: { kind }, effects });
  }
});

test('the exit of a process that was given up changes nothing', () => {
  expect(run([{ kind: 'exited', error, canRetry: false }], { kind: 'waiting', error })).toMatchObject({
    state: { kind: 'waiting' },
    effects: [],
  });
  expect(run([{ kind: 'retry' }], { kind: 'waiting', error })).toMatchObject({
    state: { kind: 'starting' },
    effects: ['spawn'],
  });
});
