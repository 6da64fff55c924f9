import { FakeApiServer } from '@kubearmor-ts/fake-apiserver';
import { FakeClock } from '@kubearmor-ts/life';
import { EventRecorder, KubeClient } from './index.ts';
import type { EventRecorderOptions } from './index.ts';

const about = {
  apiVersion: 'security.kubearmor.com/v1',
  kind: 'KubeArmorPolicy',
  namespace: 'shop',
  name: 'no-shell',
};
const warning = { about, type: 'Warning' as const, reason: 'NotEnforced', message: 'no LSM on node-1' };

async function recorderOf(more: Partial<EventRecorderOptions> = {}) {
  const server = new FakeApiServer();
  const clock = new FakeClock();
  const transport = { send: server.send.bind(server), close: () => undefined };
  const client = new KubeClient({ transport, clock, userAgent: 'test' });
  const recorder = new EventRecorder({
    client,
    component: 'controller',
    namespace: 'default',
    clock,
    ...more,
  });
  const end = new AbortController();
  await recorder.start(end.signal);
  const stop = async (): Promise<void> => {
    end.abort();
    await recorder.stop();
  };
  return { server, clock, recorder, stop };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what happens again raises a count instead of filling the server', async () => {
  const { server, recorder, stop } = await recorderOf();
  for (let at = 0; at < 5; at++) recorder.record(warning);
  recorder.record({ ...warning, message: 'no LSM on node-2' });
  await settle();
  const events = server.table.all('events');
  expect(events.map(({ message, count }) => [message, count]).sort()).toEqual([
    ['no LSM on node-1', 5],
    ['no LSM on node-2', 1],
  ]);
  expect(events[0]).toMatchObject({
    involvedObject: about,
    metadata: { namespace: 'shop' },
    type: 'Warning',
  });
  await stop();
});

test('an Event that the server has forgotten is made anew', async () => {
  const { server, recorder, stop } = await recorderOf();
  recorder.record(warning);
  await settle();
  const [first] = server.table.all('events');
  server.table.remove('events', `shop/${first!.metadata.name}`);
  recorder.record(warning);
  await settle();
  expect(server.table.all('events')).toMatchObject([{ count: 1 }]);
  await stop();
});

test('a noisy object is limited, counted and does not silence others', async () => {
  const { clock, server, recorder, stop } = await recorderOf({ burst: 3, refillMs: 1000 });
  for (let at = 0; at < 10; at++) recorder.record({ ...warning, message: String(at) });
  recorder.record({ ...warning, about: { ...about, name: 'quiet' } });
  await settle();
  expect(recorder.counts).toMatchObject({ recorded: 11, limited: 7, created: 4 });
  await clock.advance(1000);
  recorder.record({ ...warning, message: 'later' });
  await settle();
  expect(server.table.all('events')).toHaveLength(5);
  await stop();
});

test('a server that does not take events costs nothing but counters', async () => {
  const { server, recorder, stop } = await recorderOf();
  server.fail('write', { kind: 'status', status: 403 });
  recorder.record(warning);
  await settle();
  expect(recorder.counts).toMatchObject({ failed: 1, created: 0 });
  await stop();
});
