import { createRealClock } from '@kubearmor-ts/life';
import { runtimeKeys } from '@kubearmor-ts/sink-net';
import { sinkRuntimeKeys } from './read-sink-spec.ts';
import { sinkTypes } from './sink-types.ts';

const deps = { name: 'one', clock: createRealClock(), env: {} };

test('the keys that a sink leaves to the runtime are those the runtime reads', () => {
  expect([...runtimeKeys].sort()).toEqual([...sinkRuntimeKeys].sort());
});

test.each(Object.keys(sinkTypes))('%s names a key it does not know, with its place', async (type) => {
  const create = await sinkTypes[type]!();
  const made = create({ type, name: 'one', speling: 1 }, 'sinks[2]', deps);
  expect(made.ok ? [] : made.error.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/^sinks\[2\]\.speling /),
  );
});
